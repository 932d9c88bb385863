/** MediaPort on a real browser. */
import type { TextStore } from './choices';
import { LocalDevices } from './local';
import { Peer } from './peer';
import type { LocalMediaEvents, MediaPort, PeerEvents, PeerLink, PeerOptions } from './port';
import type { After } from './silence';
import { Timeline } from './timeline';

export interface BrowserMediaOptions {
  readonly store: TextStore;
  readonly after: After;
  readonly events: LocalMediaEvents;
}

export class BrowserMedia implements MediaPort {
  readonly local: LocalDevices;
  readonly timeline = new Timeline(performance);
  readonly #after: After;
  readonly #peers = new Set<Peer>();

  constructor({ store, after, events }: BrowserMediaOptions) {
    this.#after = after;
    this.local = new LocalDevices({
      scope: window,
      store,
      canChooseSpeaker: 'setSinkId' in HTMLMediaElement.prototype,
      now: () => performance.now(),
      events,
    });
  }

  createPeer(options: PeerOptions, events: PeerEvents): PeerLink {
    const env = {
      createConnection: (config: RTCConfiguration) => new RTCPeerConnection(config),
      createStream: (tracks: MediaStreamTrack[]) => new MediaStream(tracks),
      after: this.#after,
      mark: this.timeline.mark.bind(this.timeline),
    };
    const peer = new Peer(env, options, events);
    this.#peers.add(peer);
    return peer;
  }

  /** The connections that are in use, for tests and debugging. */
  connections(): RTCPeerConnection[] {
    for (const peer of this.#peers)
      if (peer.connection.connectionState === 'closed') this.#peers.delete(peer);
    return [...this.#peers].map((peer) => peer.connection);
  }
}
