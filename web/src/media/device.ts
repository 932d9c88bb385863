/**
 * One camera or one microphone: opening, failing, being unplugged, coming back.
 *
 * getUserMedia answers late, and by then the person may have decided otherwise. Each attempt takes a turn number;
 * an answer that comes after its turn is thrown away, and its light goes out.
 */
import type { DeviceKind, DeviceProblem, DeviceState } from './port';
import { problemOf } from './problems';

export type GetUserMedia = (constraints: MediaStreamConstraints) => Promise<MediaStream>;

export interface DeviceHost {
  readonly getUserMedia: GetUserMedia;
  now(): number;
  /** Status or problem is another. */
  changed(): void;
  /** Another track is to be sent, or none. */
  track(kind: DeviceKind, track: MediaStreamTrack | null): void;
}

const QUALITY: Readonly<Record<DeviceKind, MediaTrackConstraints>> = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};
/** A track that ends sooner than this will not be opened again at once: it would end again. */
const SHORT_LIFE_MS = 2_000;

export class Device {
  readonly kind: DeviceKind;
  readonly #host: DeviceHost;
  wanted: boolean;
  deviceId: string;
  #status: DeviceState['status'] = 'off';
  #problem: DeviceProblem | undefined;
  #track: MediaStreamTrack | null = null;
  #since = 0;
  #turn = 0;

  constructor(kind: DeviceKind, wanted: boolean, deviceId: string, host: DeviceHost) {
    this.kind = kind;
    this.wanted = wanted;
    this.deviceId = deviceId;
    this.#host = host;
  }

  get state(): DeviceState {
    const { wanted, deviceId } = this;
    const base = { wanted, deviceId, status: this.#status };
    return this.#problem ? { ...base, problem: this.#problem } : base;
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  get problem(): DeviceProblem | undefined {
    return this.#problem;
  }

  constraints(exact = true): MediaTrackConstraints {
    const quality = QUALITY[this.kind];
    return exact && this.deviceId ? { ...quality, deviceId: { exact: this.deviceId } } : quality;
  }

  async open(): Promise<void> {
    if (this.#track) {
      this.#track.enabled = true;
      this.#set('on');
      return;
    }
    const turn = this.begin();
    try {
      this.finish(turn, await this.#request());
    } catch (error) {
      this.fail(turn, problemOf(error));
    }
  }

  /** An attempt of which the owner asks the browser itself; finish() or fail() ends it. */
  begin(): number {
    this.#set('asking');
    return ++this.#turn;
  }

  finish(turn: number, stream: MediaStream): void {
    const track = stream.getTracks().find((t) => t.kind === this.kind);
    if (!track) this.fail(turn, 'none');
    else if (turn !== this.#turn) track.stop();
    else this.#take(track);
  }

  fail(turn: number, problem: DeviceProblem): void {
    if (turn === this.#turn) this.#set('problem', problem);
  }

  /** The track ends and the light goes out. */
  close(): void {
    this.#turn++;
    const track = this.#track;
    this.#track = null;
    if (track) {
      track.onended = null;
      track.stop();
      this.#host.track(this.kind, null);
    }
    this.#set('off');
  }

  /** Silence without closing. */
  hush(): void {
    if (this.#track) {
      this.#track.enabled = false;
      this.#set('off');
    } else this.close();
  }

  async #request(): Promise<MediaStream> {
    try {
      return await this.#host.getUserMedia({ [this.kind]: this.constraints() });
    } catch (error) {
      // The chosen one may have been unplugged long ago: any other is better than none.
      if (!this.deviceId || problemOf(error) !== 'none') throw error;
      return this.#host.getUserMedia({ [this.kind]: this.constraints(false) });
    }
  }

  #take(track: MediaStreamTrack): void {
    this.#track = track;
    this.#since = this.#host.now();
    track.onended = () => this.#ended(track);
    this.#host.track(this.kind, track);
    this.#set('on');
  }

  /** Unplugged, or the permission was taken back. Another device may do; if not, the attempt says why. */
  #ended(track: MediaStreamTrack): void {
    if (track !== this.#track) return;
    const muted = !track.enabled;
    this.#track = null;
    this.#host.track(this.kind, null);
    if (muted) this.#set('off');
    else if (this.#host.now() - this.#since < SHORT_LIFE_MS) this.#set('problem', 'failed');
    else void this.open();
  }

  #set(status: DeviceState['status'], problem?: DeviceProblem): void {
    if (this.#status === status && this.#problem === problem) return;
    this.#status = status;
    this.#problem = problem;
    this.#host.changed();
  }
}
