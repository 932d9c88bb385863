/** A browser's devices: getUserMedia answers when the test says so, and as it says. */
import { LocalDevices, type LocalOptions } from './local';
import type { DeviceKind } from './port';
import { FakeStream, FakeTrack } from './rtc.fake';

Object.assign(globalThis, { MediaStream: FakeStream });

class Permission extends EventTarget {
  state = 'prompt';
}

const device = (kind: string, deviceId: string, label = '') => ({ kind, deviceId, label });

export class FakeDevices {
  /** What was asked for: `audio`, `video=cam2`, `audio+video`. */
  readonly asked: string[] = [];
  readonly sent: [DeviceKind, boolean][] = [];
  readonly made: FakeTrack[] = [];
  /** Names of the exceptions to answer with. */
  readonly refuse: Partial<Record<DeviceKind, string>> = {};
  readonly permission: Record<string, string> = {};
  readonly store: Map<string, string>;
  readonly local: LocalDevices;
  now = 0;
  readonly #events = new EventTarget();
  readonly #permissions = new Map<string, Permission>();
  #waiting: (() => void)[] = [];

  constructor(
    on: Partial<Record<DeviceKind, boolean>> = {},
    scope: Partial<LocalOptions['scope']> = {},
    store = new Map<string, string>(),
  ) {
    this.store = store;
    if (store.size === 0) store.set('parley.devices', JSON.stringify({ on }));
    this.local = new LocalDevices({
      scope: {
        isSecureContext: true,
        RTCPeerConnection: Object,
        navigator: {
          mediaDevices: this.#mediaDevices() as unknown as MediaDevices,
          permissions: { query: async ({ name }: { name: string }) => this.#status(name) } as never,
        },
        ...scope,
      },
      store: { getItem: (k) => store.get(k) ?? null, setItem: (k, v) => void store.set(k, v) },
      canChooseSpeaker: true,
      now: () => this.now,
      events: {
        changed: () => undefined,
        track: (kind, track) => this.sent.push([kind, track !== null]),
      },
    });
  }

  /** The browser answers what has been asked, and what is asked because of the answers. */
  async answer(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#waiting.length > 0) idle = 0;
      for (const go of this.#waiting.splice(0)) go();
    }
  }

  unplug(kind: DeviceKind): void {
    const track = this.made.filter((t) => t.kind === kind).at(-1);
    if (track) track.readyState = 'ended';
    track?.onended?.();
  }

  deviceChange(): void {
    this.#events.dispatchEvent(new Event('devicechange'));
  }

  grant(name: string): void {
    const status = this.#status(name);
    status.state = 'granted';
    status.dispatchEvent(new Event('change'));
  }

  #status(name: string): Permission {
    const status = this.#permissions.get(name) ?? new Permission();
    status.state = this.permission[name] ?? status.state;
    this.#permissions.set(name, status);
    return status;
  }

  #mediaDevices() {
    return {
      getUserMedia: (c: MediaStreamConstraints) => this.#ask(c),
      enumerateDevices: async () => [
        device('audioinput', 'mic1', 'Built-in'),
        device('audioinput', 'mic2'),
        device('videoinput', 'cam1'),
        device('videoinput', ''),
        device('audiooutput', 'sp1'),
      ],
      addEventListener: this.#events.addEventListener.bind(this.#events),
    };
  }

  #ask(constraints: MediaStreamConstraints): Promise<FakeStream> {
    const wanted = (['audio', 'video'] as const).filter((kind) => constraints[kind]);
    const ids = wanted.map((kind) => {
      const { deviceId } = constraints[kind] as MediaTrackConstraints;
      return (deviceId as { exact?: string } | undefined)?.exact;
    });
    this.asked.push(wanted.map((kind, i) => (ids[i] ? `${kind}=${ids[i]}` : kind)).join('+'));
    return new Promise((resolve, reject) =>
      this.#waiting.push(() => {
        const why = wanted.map((kind) => this.refuse[kind]).find(Boolean);
        if (why || ids.includes('gone')) return reject(new DOMException('', why ?? 'OverconstrainedError'));
        const tracks = wanted.map((kind) => new FakeTrack(kind));
        this.made.push(...tracks);
        resolve(new FakeStream(tracks));
      }),
    );
  }
}
