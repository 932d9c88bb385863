/** Who is signed in, and the account pages, in the state. */
import { type CoreState, NO_ROOM, OUT_OF_ROOM, without } from './core';
import type { IdentityEvent } from './events';

export function reduceIdentity(state: CoreState, event: IdentityEvent): CoreState {
  switch (event.type) {
    case 'account':
      return { ...state, account: event.account, accountUnknown: false };
    case 'account-unknown':
      // What we knew before is still the best guess; the server decides at every request anyway.
      return { ...state, accountUnknown: state.account === undefined };
    case 'service':
      return { ...state, service: event.service };
    case 'account-page':
      return {
        ...without(state, 'ended', 'homeError', 'nameError'),
        ...OUT_OF_ROOM,
        ...NO_ROOM,
        page: event.page,
        room: '',
        link: '',
        creating: false,
        token: event.token,
      };
  }
}
