/**
 * An RTCPeerConnection that keeps the rules of JSEP (signalling states, rollback, pending descriptions, which
 * transceivers an offer makes) and moves no byte. Tests set its ICE state and its statistics.
 */

interface FakeDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

let sessions = 0;

export class FakeTrack {
  enabled = true;
  readyState = 'live';
  onended: (() => void) | null = null;
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }
}

export class FakeStream {
  readonly tracks: unknown[];

  constructor(tracks: unknown[] = []) {
    this.tracks = [...tracks];
  }

  getTracks(): unknown[] {
    return this.tracks;
  }

  addTrack(track: unknown): void {
    this.tracks.push(track);
  }
}

class FakeSender {
  track: unknown = null;
  parameters: { encodings: { priority?: string; networkPriority?: string }[] } = { encodings: [{}] };
  streams: unknown[] = [];

  async replaceTrack(track: unknown): Promise<void> {
    this.track = track;
  }

  setStreams(...streams: unknown[]): void {
    this.streams = streams;
  }

  getParameters(): FakeSender['parameters'] {
    return structuredClone(this.parameters);
  }

  async setParameters(parameters: FakeSender['parameters']): Promise<void> {
    this.parameters = parameters;
  }
}

export class FakeTransceiver {
  readonly sender = new FakeSender();
  readonly receiver: { readonly track: FakeTrack };
  direction: string;
  /** Part of a description that both sides know. */
  tied = false;

  constructor(kind: string, direction: string) {
    this.receiver = { track: new FakeTrack(kind) };
    this.direction = direction;
  }
}

export class FakeConnection {
  signalingState = 'stable';
  iceConnectionState = 'new';
  connectionState = 'new';
  localDescription: FakeDescription | null = null;
  remoteDescription: FakeDescription | null = null;
  configuration: RTCConfiguration;
  receivedBytes = 0;
  readonly added: (object | undefined)[] = [];
  onicecandidate: ((e: { candidate: object | null }) => void) | null = null;
  ontrack: ((e: { track: unknown }) => void) | null = null;
  oniceconnectionstatechange: (() => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onsignalingstatechange: (() => void) | null = null;
  #transceivers: FakeTransceiver[] = [];
  readonly #session = ++sessions;
  #generation = 0;
  #restart = false;
  #stable: { local: FakeDescription | null; remote: FakeDescription | null } = { local: null, remote: null };

  constructor(configuration: RTCConfiguration) {
    this.configuration = configuration;
  }

  /** The ICE generation of the local description. */
  get fragment(): string {
    return `s${this.#session}g${this.#generation}`;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.#transceivers;
  }

  addTransceiver(
    what: string | FakeTrack,
    init: { direction: string; streams?: unknown[]; sendEncodings?: object[] },
  ): FakeTransceiver {
    const made = new FakeTransceiver(typeof what === 'string' ? what : what.kind, init.direction);
    if (typeof what !== 'string') made.sender.track = what;
    if (init.sendEncodings) made.sender.parameters = { encodings: init.sendEncodings.map((e) => ({ ...e })) };
    made.sender.setStreams(...(init.streams ?? []));
    this.#transceivers.push(made);
    return made;
  }

  restartIce(): void {
    this.#restart = true;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    if (this.signalingState === 'closed') throw new Error('InvalidStateError');
    this.configuration = configuration;
  }

  async setLocalDescription(): Promise<void> {
    await this.#settle();
    const offers = this.signalingState === 'stable';
    if (offers && (this.#restart || this.#generation === 0)) this.#generation++;
    if (!offers && this.#generation === 0) this.#generation++;
    this.#restart = false;
    this.localDescription = this.#describe(offers ? 'offer' : 'answer');
    this.#signaling(offers ? 'have-local-offer' : 'stable');
  }

  async setRemoteDescription({ type, sdp = '' }: RTCSessionDescriptionInit): Promise<void> {
    await this.#settle();
    if (type === 'answer') {
      if (this.signalingState !== 'have-local-offer') throw new Error('InvalidStateError: answer');
      this.#takeRemote({ type, sdp }, 'stable');
    } else if (type === 'offer') {
      if (this.signalingState === 'have-local-offer') this.#rollback();
      if (this.#stable.remote && generationOf(this.#stable.remote.sdp) !== generationOf(sdp))
        this.#generation++;
      this.#takeRemote({ type, sdp }, 'have-remote-offer');
    } else this.#rollback();
  }

  async addIceCandidate(candidate?: object): Promise<void> {
    await this.#settle();
    if (!this.remoteDescription) throw new Error('InvalidStateError: no remote description');
    this.added.push(candidate);
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map([['p', { id: 'p', type: 'candidate-pair', bytesReceived: this.receivedBytes }]]);
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  // What tests do.

  find(candidate: string): void {
    this.onicecandidate?.({
      candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: this.fragment },
    });
  }

  become(ice: string, connection = ice): void {
    this.iceConnectionState = ice;
    this.connectionState = connection;
    this.oniceconnectionstatechange?.();
    this.onconnectionstatechange?.();
  }

  /** Operations of a closed connection never end, as in browsers. */
  #settle(): Promise<void> {
    return this.signalingState === 'closed' ? new Promise(() => undefined) : Promise.resolve();
  }

  #describe(type: 'offer' | 'answer'): FakeDescription {
    const media = this.#transceivers.map((t) => `m=${t.receiver.track.kind} 9 RTP/AVP 0\r\n`).join('');
    const sdp = `v=0\r\no=- ${this.#session} 2 IN IP4 0.0.0.0\r\na=ice-ufrag:${this.fragment}\r\n${media}`;
    return { type, sdp };
  }

  #signaling(state: string): void {
    this.signalingState = state;
    if (state === 'stable') {
      this.#stable = { local: this.localDescription, remote: this.remoteDescription };
      for (const t of this.#transceivers) t.tied = true;
    }
    this.onsignalingstatechange?.();
  }

  #takeRemote(description: FakeDescription, state: string): void {
    const fresh = this.remoteDescription === null;
    this.remoteDescription = description;
    const kinds = Array.from(description.sdp.matchAll(/^m=(\w+)/gm), (m) => m[1] ?? '');
    // An offer is not tied to what addTransceiver() has made: it makes its own.
    if (description.type === 'offer')
      for (const kind of kinds)
        if (!this.#transceivers.some((t) => t.tied && t.receiver.track.kind === kind))
          this.#transceivers.push(new FakeTransceiver(kind, 'recvonly'));
    if (fresh) for (const t of this.#transceivers) this.ontrack?.({ track: t.receiver.track });
    this.#signaling(state);
  }

  #rollback(): void {
    this.localDescription = this.#stable.local;
    this.remoteDescription = this.#stable.remote;
    this.signalingState = 'stable';
  }
}

const generationOf = (sdp: string): string | undefined => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
