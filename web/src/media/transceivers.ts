/** The two senders of a connection: one for sound, one for the picture, there before the devices are. */
import type { DeviceKind } from './port';

const KINDS: readonly DeviceKind[] = ['audio', 'video'];
/** Sound goes first where the network is short of room. */
const AUDIO_FIRST = { priority: 'high', networkPriority: 'high' } as const;

export class Transceivers {
  readonly #pc: RTCPeerConnection;
  /** Binds sound and picture together, so that the other side plays them in step. */
  readonly #group: MediaStream;
  readonly #tracks: Readonly<Record<DeviceKind, MediaStreamTrack | null>>;
  readonly #fault: (why: string) => void;

  /** @param tracks what to send; read again when transceivers appear. */
  constructor(
    pc: RTCPeerConnection,
    group: MediaStream,
    tracks: Readonly<Record<DeviceKind, MediaStreamTrack | null>>,
    fault: (why: string) => void,
  ) {
    this.#pc = pc;
    this.#group = group;
    this.#tracks = tracks;
    this.#fault = fault;
  }

  /** Before our description: our own transceivers, or those that their offer has made. */
  prepare(): void {
    for (const kind of KINDS) {
      const there = this.#find(kind);
      if (there) this.#adopt(there, kind);
      else if (this.#pc.signalingState === 'stable') this.#add(kind);
    }
  }

  /** After our description: only now do senders that came from an offer have encodings. */
  prioritise(): void {
    const sender = this.#find('audio')?.sender;
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings?.[0];
    if (!sender || !parameters || !encoding || encoding.priority === AUDIO_FIRST.priority) return;
    Object.assign(encoding, AUDIO_FIRST);
    // A wish, not a need: browsers that know no priorities refuse it.
    sender.setParameters(parameters).catch((error: unknown) => this.#fault(`priority: ${String(error)}`));
  }

  setTrack(kind: DeviceKind, track: MediaStreamTrack | null): void {
    const sender = this.#find(kind)?.sender;
    if (!sender || sender.track === track || this.#pc.signalingState === 'closed') return;
    sender.replaceTrack(track).catch((error: unknown) => this.#fault(`${kind} track: ${String(error)}`));
  }

  #find(kind: DeviceKind): RTCRtpTransceiver | undefined {
    return this.#pc.getTransceivers().find((t) => t.receiver.track.kind === kind);
  }

  #add(kind: DeviceKind): void {
    const track = this.#tracks[kind];
    const encodings = kind === 'audio' ? { sendEncodings: [AUDIO_FIRST] } : {};
    this.#pc.addTransceiver(track ?? kind, { direction: 'sendrecv', streams: [this.#group], ...encodings });
  }

  #adopt(transceiver: RTCRtpTransceiver, kind: DeviceKind): void {
    if (transceiver.direction === 'stopped') return;
    if (transceiver.direction !== 'sendrecv') {
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams?.(this.#group);
    }
    this.setTrack(kind, this.#tracks[kind]);
  }
}
