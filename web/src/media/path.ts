/**
 * Watches one RTCPeerConnection: what state the path is in, and when it is time to restart ICE.
 *
 * `failed` comes late (browsers wait 15 s and more), and `disconnected` heals by itself quite often. So after
 * `disconnected` we look whether bytes still come, and after 1.5 s without any we ask for a restart. What does not
 * help is asked for again, less and less often.
 */
import type { LinkState, Mark } from './port';
import { type After, SilenceWatch } from './silence';
import { receivedBytes } from './stats';

const RETRY_MS = [3_000, 6_000, 10_000];

export interface PathEvents {
  link(state: LinkState): void;
  needsRestart(): void;
  /** Beyond what an ICE restart can mend: a new connection is needed. */
  broken(): void;
  mark(name: Mark): void;
}

export class PathMonitor {
  readonly #pc: RTCPeerConnection;
  readonly #after: After;
  readonly #events: PathEvents;
  readonly #watch: SilenceWatch;
  #link: LinkState = 'new';
  #wasConnected = false;
  #restarts = 0; // since the path last stood
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(pc: RTCPeerConnection, after: After, events: PathEvents) {
    this.#pc = pc;
    this.#after = after;
    this.#events = events;
    this.#watch = new SilenceWatch(
      after,
      () => this.#bytes(),
      () => this.#askRestart(),
    );
    pc.oniceconnectionstatechange = () => this.#update();
    pc.onconnectionstatechange = () => this.#update();
    pc.onsignalingstatechange = () => this.#update();
  }

  get link(): LinkState {
    return this.#link;
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.stop();
    this.#cancelRetry?.();
  }

  networkChanged(certain: boolean): void {
    if (this.#pc.remoteDescription === null) return; // nothing to restart yet
    if (certain) this.#askRestart();
    else if (this.#link === 'connected') this.#watch.start(true);
  }

  #update(): void {
    if (this.#stopped) return;
    const { iceConnectionState: ice, connectionState } = this.#pc;
    if (ice === 'connected' || ice === 'completed') this.#events.mark('ice');
    if (connectionState === 'connected') this.#connected();
    else if (connectionState === 'failed' && (ice === 'connected' || ice === 'completed')) {
      this.stop();
      this.#events.broken(); // DTLS has failed
      return;
    } else if (ice === 'disconnected') this.#watch.start(false);
    else if (ice === 'failed' && !this.#cancelRetry) this.#askRestart();
    this.#setLink(this.#stateNow());
  }

  #stateNow(): LinkState {
    const { iceConnectionState: ice, connectionState, remoteDescription, localDescription } = this.#pc;
    if (connectionState === 'connected' && ice !== 'disconnected') return 'connected';
    if (ice === 'failed') return this.#restarts > 1 ? 'failed' : 'restarting';
    if (this.#restarts > 1) return 'failed';
    if (this.#restarts === 1) return 'restarting';
    if (ice === 'disconnected' || this.#wasConnected) return 'unstable';
    return remoteDescription && localDescription ? 'connecting' : 'new';
  }

  #setLink(link: LinkState): void {
    if (link === this.#link) return;
    this.#link = link;
    this.#events.link(link);
  }

  #connected(): void {
    this.#events.mark('dtls');
    if (this.#pc.iceConnectionState === 'disconnected') {
      this.#watch.start(false);
      return;
    }
    this.#watch.stop();
    this.#wasConnected = true;
    this.#restarts = 0;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  async #bytes(): Promise<number> {
    try {
      return receivedBytes(await this.#pc.getStats());
    } catch {
      return 0; // a connection that is closing has no statistics; counted as silence
    }
  }

  #askRestart(): void {
    const wait = RETRY_MS[Math.min(this.#restarts, RETRY_MS.length - 1)] ?? 0;
    this.#restarts++;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#after(wait, () => {
      this.#cancelRetry = undefined;
      if (this.#stopped) return;
      if (this.#stateNow() === 'connected') this.#restarts = 0;
      else this.#askRestart();
    });
    this.#setLink(this.#stateNow());
    this.#events.needsRestart();
  }
}
