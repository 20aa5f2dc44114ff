/** Peal for Vue: composables over peal.js. README.md in the folder above is the manual. */

import {
  computed, defineComponent, getCurrentInstance, inject, markRaw, onMounted, onScopeDispose, provide, shallowRef, toValue, watch,
} from 'vue';

import { Peal } from 'peal-client';

import { ChannelStore, ConnectionStore, MembersStore, hold, makePeal } from '../bindings/stores.js';

const KEY = Symbol('peal');

/** When the component is mounted, so that server-side rendering opens no connection; outside a component, at once. */
function whenShown(begin) {
  if (getCurrentInstance()) onMounted(begin);
  else begin();
}

/** Clients by the component that provides them, because inject() searches only the ancestors. */
const own = new WeakMap();

/** For this component and its descendants. @param given a `Peal`, or options for a new one */
export function providePeal(given) {
  const isOwn = typeof given.subscribe !== 'function';
  const peal = markRaw(isOwn ? makePeal(Peal, given, () => given) : given);
  if (isOwn) {
    let release;
    whenShown(() => {
      release = hold(peal);
    });
    onScopeDispose(() => release?.());
  }
  provide(KEY, peal);
  const instance = getCurrentInstance();
  if (instance) own.set(instance, peal);
  return peal;
}

export const PealProvider = defineComponent({
  name: 'PealProvider',
  props: { peal: { type: Object, default: undefined }, options: { type: Object, default: undefined } },
  setup(props, { slots }) {
    if (!props.peal && !props.options) throw new TypeError('PealProvider: pass `peal`, or `options` to create one');
    providePeal(props.peal ?? props.options);
    return () => slots.default?.();
  },
});

export function usePeal() {
  const peal = own.get(getCurrentInstance()) ?? inject(KEY, null);
  if (!peal) throw new TypeError('usePeal: no component above this one has provided a Peal');
  return peal;
}

/** @returns a function that gives a ref for each member of the store's snapshot; the store is made again when `key` changes */
function useStore(key, make) {
  let store = make(toValue(key));
  let end = null;
  const snapshot = shallowRef(store.get());
  const read = () => {
    snapshot.value = store.get();
  };
  const begin = () => {
    end = store.listen(read);
    read();
  };
  const stop = () => {
    end?.();
    end = null;
  };
  watch(() => toValue(key), (value) => {
    const isShown = end !== null;
    stop();
    store = make(value);
    if (isShown) begin();
    else read();
  });
  whenShown(begin);
  onScopeDispose(stop);
  return (name) => computed(() => snapshot.value[name]);
}

export function useConnection() {
  const peal = usePeal();
  const ref = useStore(peal, () => new ConnectionStore(peal));
  return Object.fromEntries(['state', 'delay', 'attempt', 'code', 'reason', 'final'].map((name) => [name, ref(name)]));
}

export function useChannel(channel, options = {}) {
  const peal = usePeal();
  const ref = useStore(channel, (name) => new ChannelStore(peal, name, options));
  const publish = (payload, more) => peal.publish(toValue(channel), payload, more);
  return { state: ref('state'), messages: ref('messages'), gaps: ref('gaps'), error: ref('error'), publish };
}

export function usePresence(channel, options = {}) {
  const peal = usePeal();
  const ref = useStore(channel, (name) => new MembersStore(peal, name, options));
  return { members: ref('members'), isSynced: ref('isSynced'), error: ref('error') };
}
