/** Everything around the controller, under the test's hand. */
import type {
  DeviceKind,
  Devices,
  LinkState,
  LocalMedia,
  MediaPort,
  PeerEvents,
  PeerLink,
  PeerOptions,
  PeerSignal,
} from '../media/port';
import type { Request, Response } from '../protocol/api';
import type { ClientEvents, ClientState, Credentials, WelcomeKind } from '../protocol/events';
import type { ClientMessage, JoinMessage, PeerInfo, ServerMessage } from '../protocol/messages';
import { ANNA, peerInfo, ROOM, roomState, welcomeMessage } from '../protocol/messages.fake';
import { FakeTimers } from '../protocol/timers.fake';
import { Controller } from './controller';
import { type CoreState, initialState } from './core';
import { reduce } from './reduce';

export class FakeLink implements PeerLink {
  readonly options: PeerOptions;
  readonly events: PeerEvents;
  /** What was asked of it, in order. */
  readonly calls: string[] = [];
  readonly received: PeerSignal[] = [];
  link: LinkState = 'new';
  servers: RTCIceServer[];

  constructor(options: PeerOptions, events: PeerEvents) {
    this.options = options;
    this.events = events;
    this.servers = options.iceServers;
  }

  offer = (): void => void this.calls.push('offer');
  restart = (): void => void this.calls.push('restart');
  reset = (): void => void this.calls.push('reset');
  close = (): void => void this.calls.push('close');
  recover = (how: string): void => void this.calls.push(`recover ${how}`);
  setPolite = (polite: boolean): void => void this.calls.push(`polite ${polite}`);
  networkChanged = (certain: boolean): void => void this.calls.push(`network ${certain}`);
  setTrack = (kind: DeviceKind, track: unknown): void => void this.calls.push(`${kind} ${track !== null}`);
  receive = (signal: PeerSignal): void => void this.received.push(signal);
  stream = (): null => null;
  stats = async () => ({ local: 'host' });

  async earlyOffer(): Promise<string> {
    this.events.send({ candidate: { candidate: 'early' } });
    return 'v=0 early';
  }

  setIceServers(servers: RTCIceServer[]): void {
    this.servers = servers;
  }

  become(link: LinkState): void {
    this.link = link;
    this.events.link(link);
  }

  get closed(): boolean {
    return this.calls.includes('close');
  }
}

class FakeLocal implements LocalMedia {
  readonly calls: string[] = [];
  devices: Devices = {
    audio: { wanted: true, status: 'on', deviceId: '' },
    video: { wanted: true, status: 'off', deviceId: '' },
    microphones: [],
    cameras: [],
    speakers: [],
    speakerId: '',
    streamVersion: 0,
  };

  start = (): void => void this.calls.push('start');
  stop = (): void => void this.calls.push('stop');
  set = (kind: DeviceKind, on: boolean): void => void this.calls.push(`${kind} ${on}`);
  keepMicrophone = (on: boolean): void => void this.calls.push(`keep ${on}`);
  choose = (kind: string, id: string): void => void this.calls.push(`${kind}=${id}`);
  track = (): null => null;
  stream = (): null => null;
  level = (): number => 0.5;
}

export const entered = (fields: object = {}) => ({
  id: ROOM,
  name: null,
  lasting: false,
  knock: true,
  owner: false,
  ...fields,
});

export const SERVICE = {
  rooms: { create: 'anyone' },
  accounts: { signup: 'open', password_min: 8, passkeys: true },
};

export class World {
  readonly timers = new FakeTimers();
  readonly local = new FakeLocal();
  readonly links: FakeLink[] = [];
  readonly marks: string[] = [];
  readonly faults: string[] = [];
  readonly copied: string[] = [];
  /** Storage of the tab, and of the browser. */
  readonly session: Map<string, string>;
  readonly memory: Map<string, string>;
  readonly sent: ClientMessage[] = [];
  readonly signalCalls: string[] = [];
  readonly controller: Controller;
  state: CoreState;
  path: string;
  hash: string;
  clipboardWorks = true;
  readonly requests: Request[] = [];
  /** What the HTTP API answers: "GET /session" → status and body. */
  readonly answers = new Map<string, [status: number, body: object]>([
    ['GET /session', [200, { account: null }]],
    ['GET /info', [200, SERVICE]],
    ['POST /rooms', [201, { id: ROOM, url: `https://call.test/r/${ROOM}` }]],
    [`POST /rooms/${ROOM}/enter`, [200, entered()]],
  ]);
  #client: ClientState = 'connecting';
  #credentials: Credentials | undefined;
  #events!: ClientEvents;
  #seq = 0;

  constructor(path = `/r/${ROOM}`, session = new Map<string, string>(), memory = new Map<string, string>()) {
    const [plain = '', hash] = path.split('#');
    this.path = plain;
    this.hash = hash === undefined ? '' : `#${hash}`;
    this.session = session;
    this.memory = memory;
    this.state = initialState('', this.local.devices);
    const world = this;
    const store = {
      get state() {
        return world.state;
      },
      dispatch: (event: Parameters<typeof reduce>[1]) => {
        this.state = reduce(this.state, event);
      },
    };
    this.controller = new Controller(store, this.#media(), this.#surroundings(), (events) =>
      this.#signal(events),
    );
    this.controller.start();
  }

  get link(): FakeLink {
    const link = this.links.at(-1);
    if (!link) throw new Error('no connection was made');
    return link;
  }

  of<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((m): m is Extract<ClientMessage, { type: T }> => m.type === type);
  }

  get join(): JoinMessage | undefined {
    return this.of('join').at(-1);
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  welcome(kind: WelcomeKind = 'new'): void {
    this.become('open');
    this.#credentials = { session: 'S', token: 'T' };
    this.#events.welcome(welcomeMessage({ resumed: kind === 'resumed' }), kind);
  }

  become(state: ClientState): void {
    this.#client = state;
    this.#events.state(state);
  }

  say(message: Record<string, unknown> & { type: ServerMessage['type'] }, answered?: ClientMessage): void {
    this.#events.message({ seq: ++this.#seq, ...message } as unknown as ServerMessage, answered);
  }

  fail(code: string, answered?: ClientMessage): void {
    this.say({ type: 'error', code, message: '' }, answered);
  }

  joined(peers: readonly PeerInfo[] = [], fields: object = {}): void {
    const room = roomState();
    const self = { participant: ANNA, name: 'Anna', role: 'host' };
    this.say({ type: 'joined', room, self, peers, ticket: 'ticket', ...fields });
  }

  peerJoined(fields: Partial<PeerInfo> = {}): void {
    this.say({ type: 'peer.joined', peer: peerInfo(fields) });
  }

  /** From the pre-join page into the room. */
  async enter(peers: readonly PeerInfo[] = []): Promise<void> {
    this.welcome();
    this.controller.setName('Anna');
    this.controller.join();
    await this.settle();
    this.joined(peers);
  }

  async exchange(request: Request): Promise<Response> {
    this.requests.push(request);
    await undefined; // a test may still say what the first request is answered
    const found = this.answers.get(`${request.method} ${request.path.replace('/api/v1', '')}`);
    if (!found) throw new TypeError('no network');
    return { status: found[0], body: JSON.stringify(found[1]), retryAfter: null };
  }

  #signal(events: ClientEvents) {
    this.#events = events;
    const call = (name: string) => () => void this.signalCalls.push(name);
    const world = this;
    return {
      get state() {
        return world.#client;
      },
      get credentials() {
        return world.#credentials;
      },
      start: (saved?: Credentials) => void this.signalCalls.push(saved ? `start ${saved.session}` : 'start'),
      restart: call('restart'),
      poke: call('poke'),
      reconnect: call('reconnect'),
      closing: call('closing'),
      send: (message: ClientMessage) => void this.sent.push(message),
    };
  }

  #media(): MediaPort {
    return {
      local: this.local,
      timeline: { mark: (name) => void this.marks.push(name), entries: () => [] },
      createPeer: (options, events) => {
        const link = new FakeLink(options, events);
        this.links.push(link);
        return link;
      },
    };
  }

  #surroundings() {
    const textStore = (map: Map<string, string>) => ({
      getItem: (k: string) => map.get(k) ?? null,
      setItem: (k: string, v: string) => void map.set(k, v),
      removeItem: (k: string) => void map.delete(k),
    });
    return {
      exchange: async (request: Request) => this.exchange(request),
      router: {
        origin: 'https://call.test',
        path: () => this.path,
        push: (path: string) => {
          this.path = path;
          this.hash = '';
        },
        replace: (path: string) => {
          this.path = path;
          this.hash = '';
        },
        takeHash: () => {
          const { hash } = this;
          this.hash = '';
          return hash;
        },
      },
      session: textStore(this.session),
      memory: textStore(this.memory),
      timers: this.timers,
      copy: async (text: string) => {
        if (!this.clipboardWorks) throw new Error('NotAllowedError');
        this.copied.push(text);
      },
      fault: (why: string) => void this.faults.push(why),
    };
  }
}
