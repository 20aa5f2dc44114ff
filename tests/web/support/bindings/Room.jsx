import { useState } from 'react';

import { useChannel, useConnection, usePresence } from 'peal-client/react';

export function Room({ channel, onMessage }) {
  const [count, setCount] = useState(0);
  const { state } = useConnection();
  const { messages, state: subscribed, error, publish } = useChannel(channel, { onMessage, keep: 5 });
  const { members, isSynced } = usePresence(channel);
  return (
    <main>
      <h1>first</h1>
      <button type="button" onClick={() => setCount(count + 1)}>{count}</button>
      <button type="button" id="publish" onClick={() => publish('own')}>publish</button>
      <p id="state">{state} {subscribed} {error?.code}</p>
      <p id="members">{isSynced ? members.map(({ client }) => client).sort().join() : '?'}</p>
      <ul>{messages.map(({ key, payload }) => <li key={key}>{String(payload)}</li>)}</ul>
    </main>
  );
}
