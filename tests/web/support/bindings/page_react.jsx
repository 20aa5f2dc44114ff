/** A page whose parts a test switches by `window.show({...})`. */

import { StrictMode, Suspense, use, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { PealProvider } from 'peal-client/react';

import { Room } from './Room.jsx';

const url = new URLSearchParams(location.search).get('server');
window.heard = [];

/** Waits for `window.wake()`. */
function Sleeper({ promise }) {
  use(promise);
  return <i id="awake" />;
}

function App() {
  const [shown, setShown] = useState({ channel: 'room', client: 'alice' });
  window.show = (change) => setShown((before) => ({ ...before, ...change }));
  const { channel, client, hasRoom = true, sleep } = shown;
  return (
    <PealProvider options={{ client, url }}>
      <Suspense fallback={<b id="fallback" />}>
        {hasRoom && <Room channel={channel} onMessage={({ payload }) => window.heard.push([channel, payload])} />}
        {sleep && <Sleeper promise={sleep} />}
      </Suspense>
    </PealProvider>
  );
}

window.sleep = () => {
  window.show({ sleep: new Promise((resolve) => (window.wake = resolve)) });
};

createRoot(document.querySelector('#root')).render(<StrictMode><App /></StrictMode>);
