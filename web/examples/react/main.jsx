import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { PealProvider, useChannel, useConnection, usePresence } from 'peal-client/react';

function Room({ channel }) {
  const { state } = useConnection();
  const { members } = usePresence(channel, { every: 5000 });
  const { messages, publish } = useChannel(channel, { history: 20 });
  return (
    <main>
      <p role="status">{state}, here: {members.map(({ client }) => client).join(', ')}</p>
      <ul>{messages.map(({ key, from, payload }) => <li key={key}>{from}: {payload}</li>)}</ul>
      <form action={(data) => publish(data.get('text'))}><input name="text" aria-label="Message" /></form>
    </main>
  );
}

const client = new URLSearchParams(location.search).get('name') ?? 'guest';
createRoot(document.body.appendChild(document.createElement('div'))).render(
  <StrictMode><PealProvider options={{ client }}><Room channel="lobby" /></PealProvider></StrictMode>,
);
