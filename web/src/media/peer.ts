/**
 * The media connection with one peer, over as many RTCPeerConnections as it takes.
 *
 * Perfect negotiation, with every step in one chain so that no two descriptions are worked on at the same time.
 * Directions never change (tracks come and go by replaceTrack), so offers are made only to begin and to restart
 * ICE. A first offer that must give way is not rolled back but its connection thrown away: after a rollback its
 * transceivers would stay, and every description from then on would carry each medium twice.
 *
 * Invariant: after each await a step makes sure that its connection is still the current one.
 */
import { RemoteCandidates } from './candidates';
import { PathMonitor } from './path';
import type {
  DeviceKind,
  LinkState,
  Mark,
  PeerDescription,
  PeerEvents,
  PeerLink,
  PeerOptions,
  PeerSignal,
} from './port';
import { sameFragments, sessionOf } from './sdp';
import type { After } from './silence';
import { describeStats } from './stats';
import { Transceivers } from './transceivers';

export interface PeerEnv {
  createConnection(config: RTCConfiguration): RTCPeerConnection;
  createStream(tracks: MediaStreamTrack[]): MediaStream;
  after: After;
  mark(name: Mark): void;
}

export class Peer implements PeerLink {
  readonly #env: PeerEnv;
  readonly #events: PeerEvents;
  readonly #tracks: Record<DeviceKind, MediaStreamTrack | null>;
  #polite: boolean;
  #iceServers: RTCIceServer[];
  #pc!: RTCPeerConnection;
  #path!: PathMonitor;
  #media!: Transceivers;
  #candidates!: RemoteCandidates;
  #chain: Promise<void> = Promise.resolve();
  #epoch = {}; // steps of an earlier one are not taken any more
  #stream: MediaStream | null = null;
  #link: LinkState = 'new';
  #remoteSession: string | undefined; // of the connection that has answered ours, or offered to it
  #restartPending = false;
  #closed = false;

  constructor(env: PeerEnv, options: PeerOptions, events: PeerEvents) {
    this.#env = env;
    this.#events = events;
    this.#polite = options.polite;
    this.#iceServers = options.iceServers;
    this.#tracks = { ...options.tracks };
    this.#connect();
  }

  get link(): LinkState {
    return this.#link;
  }

  get connection(): RTCPeerConnection {
    return this.#pc;
  }

  offer(): void {
    this.#run(() => this.#makeOffer(false));
  }

  async earlyOffer(): Promise<string> {
    const sdp = await this.#describe(this.#pc);
    if (sdp === undefined) throw new Error('the connection was closed');
    return sdp;
  }

  receive(signal: PeerSignal): void {
    if ('description' in signal) this.#run(() => this.#onDescription(signal.description));
    else this.#run(() => this.#candidates.add('candidate' in signal ? signal.candidate : null));
  }

  setPolite(polite: boolean): void {
    this.#polite = polite;
  }

  restart(): void {
    this.#run(() => this.#makeOffer(true));
  }

  recover(restart: 'always' | 'broken'): void {
    this.#run(async () => {
      const { localDescription, signalingState, remoteDescription } = this.#pc;
      if (signalingState === 'have-local-offer' && localDescription) this.#sendDescription(localDescription);
      else if (restart === 'always' || this.#link !== 'connected')
        await this.#makeOffer(remoteDescription !== null);
    });
  }

  networkChanged(certain: boolean): void {
    this.#path.networkChanged(certain);
  }

  reset(): void {
    if (this.#closed) return;
    this.#epoch = {};
    this.#chain = Promise.resolve(); // a step that waits for the old connection waits for ever
    this.#renew();
  }

  setTrack(kind: DeviceKind, track: MediaStreamTrack | null): void {
    this.#tracks[kind] = track;
    this.#media.setTrack(kind, track);
  }

  setIceServers(servers: RTCIceServer[]): void {
    this.#iceServers = servers;
    if (!this.#closed) this.#pc.setConfiguration(this.#config());
  }

  stream(): MediaStream | null {
    return this.#stream;
  }

  async stats(): Promise<Readonly<Record<string, string>>> {
    return describeStats(await this.#pc.getStats());
  }

  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  #config(): RTCConfiguration {
    return { iceServers: this.#iceServers, bundlePolicy: 'max-bundle' };
  }

  #connect(): void {
    const pc = this.#env.createConnection(this.#config());
    const { mark, after } = this.#env;
    this.#pc = pc;
    this.#candidates = new RemoteCandidates(pc);
    this.#media = new Transceivers(pc, this.#env.createStream([]), this.#tracks, this.#events.fault);
    pc.onicecandidate = ({ candidate }) => this.#onLocalCandidate(candidate);
    pc.ontrack = ({ track }) => this.#onTrack(track);
    this.#path = new PathMonitor(pc, after, {
      link: (link) => this.#setLink(link),
      needsRestart: () => this.#events.needsRestart(),
      broken: () => this.#startOver(),
      mark,
    });
  }

  #disconnect(): void {
    this.#path.stop();
    const pc = this.#pc;
    pc.onicecandidate = null;
    pc.ontrack = null;
    pc.close();
  }

  #renew(): void {
    this.#disconnect();
    this.#remoteSession = undefined;
    this.#restartPending = false;
    if (this.#stream) {
      this.#stream = null;
      this.#events.stream();
    }
    this.#connect();
    this.#setLink('new');
  }

  #startOver(): void {
    this.reset();
    this.offer();
  }

  #run(step: () => Promise<void>): void {
    const epoch = this.#epoch;
    const current = () => !this.#closed && epoch === this.#epoch;
    this.#chain = this.#chain
      .then(() => (current() ? step() : undefined))
      .catch((error: unknown) => {
        if (current()) this.#events.fault(`negotiation: ${String(error)}`);
      });
  }

  #gone(pc: RTCPeerConnection): boolean {
    return this.#closed || pc !== this.#pc;
  }

  #setLink(link: LinkState): void {
    if (link === this.#link) return;
    this.#link = link;
    this.#events.link(link);
  }

  async #makeOffer(restart: boolean): Promise<void> {
    const pc = this.#pc;
    if (pc.signalingState !== 'stable') {
      this.#restartPending ||= restart;
      return;
    }
    if (restart && pc.remoteDescription) pc.restartIce();
    if ((await this.#describe(pc)) !== undefined && pc.localDescription)
      this.#sendDescription(pc.localDescription);
  }

  /** Set our description, whichever is due; undefined if the connection is gone meanwhile. */
  async #describe(pc: RTCPeerConnection): Promise<string | undefined> {
    this.#media.prepare();
    await pc.setLocalDescription();
    if (this.#gone(pc)) return undefined;
    this.#media.prioritise();
    const made = pc.localDescription;
    if (made?.type === 'offer' || made?.type === 'answer') this.#env.mark(made.type);
    return made?.sdp;
  }

  #sendDescription({ type, sdp }: RTCSessionDescription): void {
    if (type === 'offer' || type === 'answer') this.#events.send({ description: { type, sdp } });
  }

  async #onDescription(description: PeerDescription): Promise<void> {
    if (description.type === 'offer') await this.#onOffer(description.sdp);
    else if (description.type === 'answer') await this.#onAnswer(description.sdp);
    else if (this.#pc.signalingState === 'have-remote-offer')
      await this.#pc.setRemoteDescription({ type: 'rollback' });
  }

  async #onOffer(sdp: string): Promise<void> {
    const session = sessionOf(sdp);
    const collision = this.#pc.signalingState === 'have-local-offer';
    const foreign = this.#remoteSession !== undefined && this.#remoteSession !== session;
    if (collision && !foreign && !this.#polite) return; // they will answer ours
    if (foreign || (collision && this.#remoteSession === undefined)) this.#renew();
    else if (collision) this.#restartPending = true; // ours was one, and gives way
    const pc = this.#pc;
    const before = pc.remoteDescription?.sdp;
    await pc.setRemoteDescription({ type: 'offer', sdp }); // rolls ours back where there is one
    if (this.#gone(pc)) return;
    this.#remoteSession = session;
    this.#env.mark('offer');
    if ((await this.#describe(pc)) === undefined || !pc.localDescription) return;
    this.#sendDescription(pc.localDescription);
    await this.#candidates.flush();
    const theyRestarted = before === undefined || !sameFragments(before, sdp);
    await this.#afterNegotiation(theyRestarted);
  }

  async #onAnswer(sdp: string): Promise<void> {
    const session = sessionOf(sdp);
    const pc = this.#pc;
    const foreign = this.#remoteSession !== undefined && this.#remoteSession !== session;
    const expected = pc.signalingState === 'have-local-offer';
    // An answer from another connection than ours is tied to: the two sides have lost each other.
    if (foreign || (!expected && this.#remoteSession === undefined)) return this.#startOver();
    if (!expected) return; // to an offer that was sent twice
    await pc.setRemoteDescription({ type: 'answer', sdp });
    if (this.#gone(pc)) return;
    this.#remoteSession = session;
    this.#env.mark('answer');
    await this.#candidates.flush();
    await this.#afterNegotiation(false);
  }

  /** Both sides agree now; is a restart still wanted? */
  async #afterNegotiation(restarted: boolean): Promise<void> {
    const wanted = this.#restartPending && !restarted;
    this.#restartPending = false;
    if (wanted) await this.#makeOffer(true);
  }

  #onLocalCandidate(candidate: RTCIceCandidate | null): void {
    if (!candidate) this.#events.send({ end_of_candidates: true });
    else if (candidate.candidate !== '') {
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      const parts = { sdpMid, sdpMLineIndex, usernameFragment };
      this.#events.send({ candidate: { candidate: candidate.candidate, ...parts } });
    }
  }

  #onTrack(track: MediaStreamTrack): void {
    if (this.#stream) this.#stream.addTrack(track);
    else {
      this.#stream = this.#env.createStream([track]);
      this.#events.stream();
    }
  }
}
