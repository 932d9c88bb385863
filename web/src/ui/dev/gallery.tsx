/**
 * Every screen with invented people, for looking at and for pictures: `node web/build.mjs --gallery`, then
 * gallery.mjs. `?screen=NAME` shows one, optionally with `&dialog=people|settings|shortcuts`; else there is a list.
 */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { Api } from '../../state/accounts';
import { accountPageOf } from '../../state/routes';
import type { Actions, AppState } from '../../state/types';
import { mount } from '../app';
import { type DialogName, openDialog } from '../view-state';
import { looks, portrait } from './portraits';
import { reply } from './replies';
import { screens } from './screens';

function fakeActions(state: { value: AppState }): Actions {
  const streams = new Map<string, MediaStream>();
  const change = (part: Partial<AppState>) => {
    state.value = { ...state.value, ...part };
  };
  const streamOf = (id: string, look: number, w?: number, h?: number): MediaStream | null => {
    const one = looks[look % looks.length];
    const known = streams.get(id) ?? (one ? portrait(one, w, h) : undefined);
    if (known) streams.set(id, known);
    return known ?? null;
  };
  const say = (text: string) =>
    change({ notices: [...state.value.notices, { id: performance.now(), kind: 'info', text }] });
  const knockGone = (id: string) =>
    change({ knocks: state.value.knocks.filter((k) => k.participant !== id) });
  return {
    startCall: () => change({ page: 'prejoin' }),
    openRoom: () => change({ homeError: 'That is not a link or code of a call.' }),
    goHome: () => change({ page: 'home' }),
    setName: (name) => change({ name }),
    setDevice: (kind, on) => {
      const device = { wanted: on, status: on ? 'on' : 'off', deviceId: '' } as const;
      change({ devices: { ...state.value.devices, [kind]: device } });
    },
    chooseDevice: () => undefined,
    join: () => change({ page: 'waiting' }),
    leave: () => change({ page: 'ended', ended: 'left' }),
    askDoor: () => undefined,
    hosting: {
      admit: knockGone,
      refuse: knockGone,
      remove: (id) => change({ peers: state.value.peers.filter((p) => p.participant !== id) }),
      makeHost: (id) =>
        change({
          host: false,
          peers: state.value.peers.map((p) => ({ ...p, host: p.participant === id })),
        }),
      takeHost: () => change({ host: true, peers: state.value.peers.map((p) => ({ ...p, host: false })) }),
      change,
      end: () => change({ page: 'ended', ended: 'ended' }),
    },
    copyLink: () => say('The link is on your clipboard.'),
    rejoin: () => change({ page: 'prejoin' }),
    dismissNotice: (id) => change({ notices: state.value.notices.filter((n) => n.id !== id) }),
    localStream: () => streamOf('self', 2, 640, 480),
    peerStream: (id) => streamOf(id, Number(id.slice(1))),
    micLevel: () => 0.35 + 0.3 * Math.sin(performance.now() / 300),
    frameShown: (id) => {
      document.documentElement.dataset.framesShown = `${document.documentElement.dataset.framesShown ?? ''}${id} `;
    },
    timeline: () => [
      { name: 'ws', ms: 12 },
      { name: 'offer', ms: 31 },
      { name: 'first-frame', ms: 412 },
    ],
    go: (path) => change({ page: accountPageOf(path) ?? 'home' }),
    signInFirst: () => change({ page: 'signin' }),
    signOut: () => change({ account: null, page: 'home' }),
    signedIn: (account) => change({ account, page: 'home' }),
    accountChanged: (account) => change({ account }),
    accountDeleted: () => change({ account: null, page: 'home' }),
    say,
    copy: (_, copied) => say(copied),
    askAccount: () => undefined,
    api: new Api(
      async ({ method, path, body }) => {
        const given = body === undefined ? {} : JSON.parse(body);
        const [status, answer] = reply(method, path.replace('/api/v1', ''), given, state.value.account);
        return { status, body: JSON.stringify(answer), retryAfter: status === 429 ? '120' : null };
      },
      { fault: (why) => console.warn(why), notSignedIn: () => undefined },
    ),
    peerStats: () => Promise.resolve({ pair: 'host udp ↔ host udp', codec: 'VP8 1280×720' }),
  };
}

function List() {
  return (
    <main class="gallery">
      <h1>Parley: every screen</h1>
      <ul>
        {Object.keys(screens).map((name) => (
          <li key={name}>
            <a href={`?screen=${name}`}>{name}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}

const root = document.getElementById('app');
const query = new URLSearchParams(location.search);
const chosen = screens[query.get('screen') ?? ''];
if (root && chosen) {
  const state = signal(chosen);
  mount(root, state, fakeActions(state));
  const dialog = query.get('dialog');
  if (dialog) openDialog.value = dialog as DialogName;
} else if (root) {
  render(<List />, root);
}
