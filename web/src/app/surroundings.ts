/** The browser, in the forms that protocol and state ask for. */

import type { Exchange } from '../protocol/api';
import type { Connect, Timers } from '../protocol/socket';
import type { Surroundings } from '../state/ports';

export const timers: Timers = {
  after(ms, call) {
    const id = setTimeout(call, ms);
    return () => clearTimeout(id);
  },
  now: () => Date.now(),
};

const SUBPROTOCOL = 'parley.v1';

function socketUrl(): string {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

export const connect: Connect = (events) => {
  const socket = new WebSocket(socketUrl(), SUBPROTOCOL);
  socket.onopen = () => events.open();
  socket.onmessage = ({ data }) => events.message(data);
  socket.onclose = ({ code }) => events.close(code);
  return {
    send: (text) => socket.send(text),
    close(code, reason) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(code, reason);
    },
  };
};

const EXCHANGE_MS = 20_000;

export const exchange: Exchange = async ({ method, path, body }) => {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    signal: AbortSignal.timeout(EXCHANGE_MS),
    ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body }),
  });
  return {
    status: response.status,
    body: await response.text(),
    retryAfter: response.headers.get('Retry-After'),
  };
};

export function fault(why: string): void {
  console.warn(`parley: ${why}`);
}

/** Storage that throws on access (forbidden by the browser) is caught where it is used. */
const storage = (pick: () => Storage): Surroundings['session'] => ({
  getItem: (key) => pick().getItem(key),
  setItem: (key, value) => pick().setItem(key, value),
  removeItem: (key) => pick().removeItem(key),
});

export const sessionStore = storage(() => sessionStorage);
export const localStore = storage(() => localStorage);

export const surroundings: Surroundings = {
  exchange,
  router: {
    origin: location.origin,
    path: () => location.pathname,
    push: (path) => history.pushState(null, '', path + debugQuery()),
    replace: (path) => history.replaceState(null, '', path + debugQuery()),
    takeHash: () => {
      const { hash, pathname } = location;
      if (hash !== '') history.replaceState(null, '', pathname + debugQuery());
      return hash;
    },
  },
  session: sessionStore,
  memory: localStore,
  timers,
  copy: (text) => navigator.clipboard.writeText(text),
  fault,
};

/** `?debug` stays while one goes through the pages. */
function debugQuery(): string {
  return new URLSearchParams(location.search).has('debug') ? '?debug' : '';
}
