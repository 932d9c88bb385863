/** The whole interface: one page at a time, and what lies above it. */
import type { ReadonlySignal } from '@preact/signals';
import { type FunctionComponent, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Actions, AppState } from '../state/types';
import { Call } from './call/call';
import { Debug } from './call/debug';
import { Dialogs } from './call/dialogs';
import { AppContext, useActions, useAppState } from './context';
import { Ended } from './ended';
import { Home } from './home';
import { lazy } from './lazy';
import { Overlays } from './parts/overlays';
import { SignalLine } from './parts/signal-line';
import { Prejoin } from './prejoin';
import { useShortcuts } from './shortcuts';
import { text } from './text';
import { endedText } from './text-ended';
import { openDialog } from './view-state';
import { Waiting } from './waiting';

const AccountPages = lazy(() => import('./account/pages'));
const RoomPages = lazy(() => import('./rooms/rooms'));
const AdminPages = lazy(() => import('./admin/admin'));

const pages: Record<AppState['page'], FunctionComponent> = {
  home: Home,
  prejoin: Prejoin,
  waiting: Waiting,
  call: Call,
  ended: Ended,
  signin: AccountPages,
  signup: AccountPages,
  confirm: AccountPages,
  forgot: AccountPages,
  reset: AccountPages,
  email: AccountPages,
  invite: AccountPages,
  setup: AccountPages,
  account: AccountPages,
  rooms: RoomPages,
  admin: AdminPages,
};

function title(state: AppState): string {
  const knock = state.knocks[0];
  switch (state.page) {
    case 'home':
      return `${text.app} · ${text.home.pageTitle}`;
    case 'prejoin':
      return `${state.roomName || text.prejoin.pageTitle} · ${text.app}`;
    case 'waiting':
      return `${text.waiting.pageTitle} · ${text.app}`;
    case 'ended':
      return `${endedText[state.ended ?? 'left'].title} · ${text.app}`;
    case 'call':
      if (knock) return `${text.call.knockTitle(knock.name)} · ${text.app}`;
      return `${text.call.pageTitle(state.peers.map((p) => p.name))} · ${text.app}`;
    default:
      return `${text.accountPages[state.page]} · ${text.app}`;
  }
}

/** A change of page is told to those who do not see it: the focus goes to its heading. */
function usePageChange(page: AppState['page']): void {
  const before = useRef(page);
  useEffect(() => {
    document.documentElement.dataset.page = page;
    if (before.current === page) return;
    before.current = page;
    openDialog.value = null;
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1[tabindex]')?.focus({ preventScroll: true });
  }, [page]);
}

function App({ state }: { state: ReadonlySignal<AppState> }) {
  const now = useAppState();
  useShortcuts(state, useActions());
  usePageChange(now.page);
  const heading = title(now);
  useEffect(() => {
    document.title = heading;
  }, [heading]);
  const Page = pages[now.page];
  return (
    <>
      <SignalLine />
      <Page />
      {openDialog.value === null && <Overlays />}
      <Dialogs />
      <Debug />
    </>
  );
}

export function mount(root: HTMLElement, state: ReadonlySignal<AppState>, actions: Actions): void {
  render(
    <AppContext.Provider value={{ state, actions }}>
      <App state={state} />
    </AppContext.Provider>,
    root,
  );
}
