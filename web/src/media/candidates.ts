/** The other side's candidates, in both directions of time: too early, and too late. */
import type { PeerCandidate } from './port';
import { fragmentsOf } from './sdp';

const MAX_EARLY = 128;

export class RemoteCandidates {
  readonly #pc: RTCPeerConnection;
  #early: PeerCandidate[] = [];

  constructor(pc: RTCPeerConnection) {
    this.#pc = pc;
  }

  /** @candidate null: no more will come. */
  async add(candidate: PeerCandidate | null): Promise<void> {
    if (this.#pc.remoteDescription) await this.#give(candidate);
    else if (candidate && this.#early.length < MAX_EARLY) this.#early.push(candidate);
  }

  /** The description has come for which the early ones were kept. */
  async flush(): Promise<void> {
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await this.#give(candidate);
  }

  async #give(candidate: PeerCandidate | null): Promise<void> {
    if (this.#pc.signalingState === 'closed') return;
    if (!candidate) return this.#pc.addIceCandidate();
    const fragment = candidate.usernameFragment;
    // Of a generation that is over, or of an offer that has given way to ours.
    if (fragment && !fragmentsOf(this.#pc.remoteDescription?.sdp ?? '').has(fragment)) return;
    await this.#pc.addIceCandidate(candidate);
  }
}
