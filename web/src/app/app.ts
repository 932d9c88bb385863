/** Puts the app together: store, media, signalling, controller, user interface. */
import { signal } from '@preact/signals';
import { BrowserMedia } from '../media/browser';
import { SignalClient } from '../protocol/client';
import { Controller } from '../state/controller';
import { initialState } from '../state/core';
import type { Store } from '../state/events';
import { reduce } from '../state/reduce';
import { mount } from '../ui/app';
import { openDebugDoor } from './debug';
import { watchNetwork } from './network';
import { connect, localStore, surroundings, timers } from './surroundings';

export function startApp(root: HTMLElement): void {
  const media = new BrowserMedia({
    store: localStore,
    after: timers.after,
    events: {
      changed: (devices) => controller.devicesChanged(devices),
      track: (kind, track) => controller.trackChanged(kind, track),
    },
  });
  const state = signal(initialState('', media.local.devices));
  const store: Store = {
    get state() {
      return state.peek();
    },
    dispatch(event) {
      state.value = reduce(state.peek(), event);
    },
  };
  let client: SignalClient | undefined;
  const controller = new Controller(store, media, surroundings, (events) => {
    client = new SignalClient({ connect, timers, random: Math.random, events });
    return client;
  });

  addEventListener('popstate', () => controller.route());
  for (const touch of ['pointerdown', 'keydown'] as const)
    addEventListener(touch, () => media.local.wake(), { passive: true });
  watchNetwork(controller);
  openDebugDoor({
    state: () => state.peek(),
    timeline: () => controller.timeline(),
    pcs: () => media.connections(),
    wsDrop: () => client?.reconnect(),
  });
  controller.start();
  mount(root, state, controller);
}
