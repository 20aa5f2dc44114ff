/** Peal for React: hooks over peal.js. README.md in the folder above is the manual. */

import { createContext, createElement, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { Peal } from 'peal-client';

import { ChannelStore, ConnectionStore, MembersStore, hold, makePeal } from '../bindings/stores.js';

const Context = createContext(null);

/** The result of `make` for these keys; made again when a key changes. It is state, so that discarded renders do not keep it. */
function useKeyed(keys, make) {
  const [held, setHeld] = useState(() => ({ keys, made: make() }));
  if (keys.every((key, at) => Object.is(key, held.keys[at]))) return held.made;
  const made = make();
  setHeld({ keys, made });
  return made;
}

function OwnProvider({ options, children }) {
  const latest = useRef(options);
  const peal = useKeyed([options.client, options.url], () => makePeal(Peal, options, () => latest.current));
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => hold(peal), [peal]);
  return createElement(Context.Provider, { value: peal }, children);
}

export function PealProvider({ peal, options, children }) {
  if (!peal && !options) throw new TypeError('PealProvider: pass `peal`, or `options` to create one');
  if (peal) return createElement(Context.Provider, { value: peal }, children);
  return createElement(OwnProvider, { options }, children);
}

export function usePeal() {
  const peal = useContext(Context);
  if (!peal) throw new TypeError('usePeal: there is no <PealProvider> above this component');
  return peal;
}

const useStore = (store) => useSyncExternalStore(store.listen, store.get, store.get);

export function useConnection() {
  const peal = usePeal();
  return useStore(useKeyed([peal], () => new ConnectionStore(peal)));
}

export function useChannel(channel, options = {}) {
  const peal = usePeal();
  const store = useKeyed([peal, channel], () => new ChannelStore(peal, channel, options));
  useEffect(() => {
    store.options = options;
  });
  return useStore(store);
}

export function usePresence(channel, { every } = {}) {
  const peal = usePeal();
  return useStore(useKeyed([peal, channel, every], () => new MembersStore(peal, channel, { every })));
}
