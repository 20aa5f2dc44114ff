/** A page whose parts a test shows and hides with `window.show({...})`. */

import { Activity, StrictMode, Suspense, use, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { PealProvider, useChannel } from 'peal-client/react';

import { Room } from './Room.jsx';

const url = new URLSearchParams(location.search).get('server');
window.heard = [];

/** Waits for `window.wake()`. */
function Sleeper({ promise }) {
  use(promise);
  return <i id="awake" />;
}

/** Suspends before it is first shown. */
function Napper({ promise }) {
  const { state } = useChannel('nap');
  use(promise);
  return <i id="nap">{state}</i>;
}

function App() {
  const [shown, setShown] = useState({ channel: 'room', client: 'alice' });
  window.show = (change) => setShown((before) => ({ ...before, ...change }));
  const { channel, client, hasRoom = true, isHidden = false, sleep, nap } = shown;
  return (
    <PealProvider options={{ client, url }}>
      <Suspense fallback={<b id="fallback" />}>
        <Activity mode={isHidden ? 'hidden' : 'visible'}>
          {hasRoom && <Room channel={channel} onMessage={({ payload }) => window.heard.push([channel, payload])} />}
        </Activity>
        {sleep && <Sleeper promise={sleep} />}
      </Suspense>
      <Suspense>{nap && <Napper promise={nap} />}</Suspense>
    </PealProvider>
  );
}

window.sleep = (what) => {
  window.show({ [what]: new Promise((resolve) => (window.wake = resolve)) });
};

createRoot(document.querySelector('#root')).render(<StrictMode><App /></StrictMode>);
