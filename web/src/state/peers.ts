/**
 * The media connections of a call, one for each other participant, and the early one whose offer goes with `join`
 * before anybody is known.
 *
 * They outlive signalling: a connection ends only when its peer is known to be gone.
 */
import type { DeviceKind, MediaPort, PeerLink, PeerSignal } from '../media/port';
import type { IceServer, PeerInfo, ServerMessageOf } from '../protocol/messages';
import type { Timers } from '../protocol/socket';
import type { AppEvent } from './events';

export interface PeersHost {
  readonly media: MediaPort;
  readonly timers: Timers;
  /** @to undefined: whoever the server holds our offer for. */
  send(to: string | undefined, signal: PeerSignal): void;
  dispatch(event: AppEvent): void;
  /** ICE is to be restarted: see to fresh servers, then call the link's restart(). */
  needsRestart(link: PeerLink): void;
  fault(why: string): void;
}

/** Who has not come back this long after a server restart is gone, once the media has stopped. */
const ORPHAN_MS = 60_000;

class Entry {
  participant: string | undefined;
  polite = true;
  /** Not listed since the server restarted; their media goes on. */
  orphan = false;
  link!: PeerLink;
  /** Signals that must not go before the `join` they belong to. */
  held: PeerSignal[] | undefined;
}

const mutableServers = (servers: readonly IceServer[]): RTCIceServer[] =>
  servers.map((s) => ({ ...s, urls: typeof s.urls === 'string' ? s.urls : [...s.urls] }));

export class Peers {
  readonly #host: PeersHost;
  readonly #entries = new Map<string, Entry>();
  #early: Entry | undefined;
  #iceServers: RTCIceServer[] = [];
  #cancelOrphans: (() => void) | undefined;

  constructor(host: PeersHost) {
    this.#host = host;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  get(participant: string): PeerLink | undefined {
    return this.#entries.get(participant)?.link;
  }

  /** The offer to go with `join`. joinSent() must follow: until then candidates are held. */
  async prepareOffer(): Promise<string | undefined> {
    this.dropEarly();
    const entry = this.#create(undefined, true);
    entry.held = [];
    this.#early = entry;
    try {
      return await entry.link.earlyOffer();
    } catch (error) {
      this.#host.fault(`no offer: ${String(error)}`);
      if (this.#early === entry) this.dropEarly();
      return undefined;
    }
  }

  joinSent(): void {
    const held = this.#early?.held ?? [];
    if (this.#early) this.#early.held = undefined;
    for (const signal of held) this.#host.send(undefined, signal);
  }

  dropEarly(): void {
    this.#early?.link.close();
    this.#early = undefined;
  }

  /**
   * We are in, with these. @sameSelf: under the participant id that we had before the server lost its state, so
   * that those who are not listed yet may come back. Return: who they are.
   */
  joined({ peers, snapshot }: ServerMessageOf<'joined'>, sameSelf: boolean): readonly string[] {
    for (const [participant, entry] of this.#entries) {
      entry.orphan = !peers.some((p) => p.participant === participant);
      if (entry.orphan && !sameSelf) this.remove(participant);
    }
    // Whom we meet by joining, not both after a restart, has given our old connection up.
    for (const { participant, rejoined } of peers) if (!snapshot && !rejoined) this.remove(participant);
    for (const peer of peers) this.#joinedWith(peer, peers.length === 1);
    if (peers.length > 0) this.dropEarly();
    this.#watchOrphans();
    return this.#orphans();
  }

  #joinedWith(peer: PeerInfo, alone: boolean): void {
    const known = this.#entries.get(peer.participant);
    if (known) this.#meetAgain(known, peer);
    else if (alone && this.#early && peer.offer === undefined) this.#adopt(this.#early, peer);
    else {
      const { link } = this.#create(peer.participant, peer.polite);
      if (peer.offer === undefined) link.offer();
      else link.receive({ description: { type: 'offer', sdp: peer.offer } });
    }
  }

  peerJoined(peer: PeerInfo): void {
    const known = this.#entries.get(peer.participant);
    if (known) this.#meetAgain(known, peer);
    else if (this.#early && peer.offer === undefined) this.#adopt(this.#early, peer);
    else {
      this.dropEarly();
      const { link } = this.#create(peer.participant, peer.polite);
      if (peer.offer !== undefined) link.receive({ description: { type: 'offer', sdp: peer.offer } });
      else if (peer.rejoined) link.offer(); // they think that a connection lives; we have none
    }
  }

  /** The server has lost its state and they are back: the connection may never have noticed. */
  #meetAgain(entry: Entry, { polite, offer }: PeerInfo): void {
    entry.orphan = false;
    entry.polite = polite;
    entry.link.setPolite(polite);
    if (offer === undefined) entry.link.recover('broken');
    else entry.link.receive({ description: { type: 'offer', sdp: offer } });
  }

  /** The early offer has gone to this peer: its answer will come from them. */
  #adopt(entry: Entry, { participant, polite }: PeerInfo): void {
    this.#early = undefined;
    entry.participant = participant;
    entry.polite = polite;
    entry.link.setPolite(polite);
    this.#entries.set(participant, entry);
  }

  /** @known: whether somebody of this id is in the room. */
  signal({ from, ...body }: ServerMessageOf<'signal'>, known: boolean): void {
    if (!known && !this.#entries.has(from)) return this.#host.fault(`signal from ${from}, who is not here`);
    const { link } = this.#entries.get(from) ?? this.#create(from, true);
    if (body.description) link.receive({ description: body.description });
    else if (body.candidate) link.receive({ candidate: body.candidate });
    else if (body.end_of_candidates) link.receive({ end_of_candidates: true });
  }

  back(participant: string, fresh: boolean): void {
    if (fresh) this.#entries.get(participant)?.link.reset();
  }

  /** The server says so: an address has changed, or messages were lost. One side is enough to begin. */
  iceRestart(participant: string): void {
    const entry = this.#entries.get(participant);
    entry?.link.recover(entry.polite ? 'broken' : 'always');
  }

  remove(participant: string): void {
    this.#entries.get(participant)?.link.close();
    this.#entries.delete(participant);
  }

  clear(): void {
    this.#cancelOrphans?.();
    this.dropEarly();
    for (const participant of [...this.#entries.keys()]) this.remove(participant);
  }

  setIceServers(servers: readonly IceServer[]): void {
    this.#iceServers = mutableServers(servers);
    for (const { link } of this.#all()) link.setIceServers(this.#iceServers);
  }

  setTrack(kind: DeviceKind, track: MediaStreamTrack | null): void {
    for (const { link } of this.#all()) link.setTrack(kind, track);
  }

  networkChanged(certain: boolean): void {
    for (const { link } of this.#all()) link.networkChanged(certain);
  }

  #all(): Entry[] {
    return [...this.#entries.values(), ...(this.#early ? [this.#early] : [])];
  }

  /** Those who have not come back since the server restarted. */
  #orphans(): readonly string[] {
    return [...this.#entries].filter(([, entry]) => entry.orphan).map(([participant]) => participant);
  }

  #watchOrphans(): void {
    this.#cancelOrphans?.();
    if (this.#orphans().length > 0)
      this.#cancelOrphans = this.#host.timers.after(ORPHAN_MS, () => this.#dropOrphans());
  }

  #dropOrphans(): void {
    for (const participant of this.#orphans()) {
      if (this.get(participant)?.link === 'connected') continue;
      this.remove(participant);
      this.#host.dispatch({ type: 'peer-lost', participant });
    }
    this.#watchOrphans();
  }

  #create(participant: string | undefined, polite: boolean): Entry {
    const entry = new Entry();
    entry.participant = participant;
    entry.polite = polite;
    const { local } = this.#host.media;
    entry.link = this.#host.media.createPeer(
      {
        polite,
        iceServers: this.#iceServers,
        tracks: { audio: local.track('audio'), video: local.track('video') },
      },
      {
        send: (signal) => {
          if (entry.held) entry.held.push(signal);
          else this.#host.send(entry.participant, signal);
        },
        link: (link) => this.#tell(entry, (id) => ({ type: 'link', participant: id, link })),
        stream: () => this.#tell(entry, (id) => ({ type: 'stream', participant: id })),
        needsRestart: () => this.#needsRestart(entry),
        fault: (why) => this.#host.fault(why),
      },
    );
    if (participant !== undefined) this.#entries.set(participant, entry);
    return entry;
  }

  #needsRestart(entry: Entry): void {
    if (entry.participant !== undefined && !entry.orphan) this.#host.needsRestart(entry.link);
  }

  #tell(entry: Entry, event: (participant: string) => AppEvent): void {
    if (entry.participant !== undefined) this.#host.dispatch(event(entry.participant));
  }
}
