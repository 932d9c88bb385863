/** Camera, microphone and speaker of this browser, and what people chose of them. */
import { type Choices, loadChoices, saveChoices, type TextStore } from './choices';
import { Device } from './device';
import { Meter } from './meter';
import type { DeviceChoice, DeviceKind, Devices, LocalMedia, LocalMediaEvents } from './port';
import { pageProblem, problemOf } from './problems';

export interface LocalOptions {
  /** The window, or what a test has in its place. */
  readonly scope: Parameters<typeof pageProblem>[0] & {
    readonly navigator: { readonly mediaDevices?: MediaDevices; readonly permissions?: Permissions };
  };
  readonly store: TextStore;
  readonly canChooseSpeaker: boolean;
  readonly now: () => number;
  readonly events: LocalMediaEvents;
}

const PERMISSION: Readonly<Record<DeviceKind, string>> = { audio: 'microphone', video: 'camera' };
const UNNAMED: Readonly<Record<string, string>> = {
  audioinput: 'Microphone',
  videoinput: 'Camera',
  audiooutput: 'Speaker',
};

export class LocalDevices implements LocalMedia {
  readonly #options: LocalOptions;
  readonly #meter = new Meter();
  readonly #device: Readonly<Record<DeviceKind, Device>>;
  #list: readonly MediaDeviceInfo[] = [];
  #speakerId: string;
  #stream: MediaStream | null = null;
  #streamVersion = 0;
  #active = false;
  #keepMicrophone = false;
  #watching = false;

  constructor(options: LocalOptions) {
    this.#options = options;
    const { on, ids } = loadChoices(options.store);
    const host = {
      getUserMedia: (c: MediaStreamConstraints) => this.#media().getUserMedia(c),
      now: options.now,
      changed: () => this.#changed(),
      track: (kind: DeviceKind, track: MediaStreamTrack | null) => this.#newTrack(kind, track),
    };
    this.#device = {
      audio: new Device('audio', on.audio, ids.audio, host),
      video: new Device('video', on.video, ids.video, host),
    };
    this.#speakerId = ids.speaker;
  }

  get devices(): Devices {
    return {
      audio: this.#device.audio.state,
      video: this.#device.video.state,
      microphones: this.#choices('audioinput'),
      cameras: this.#choices('videoinput'),
      speakers: this.#options.canChooseSpeaker ? this.#choices('audiooutput') : [],
      speakerId: this.#speakerId,
      streamVersion: this.#streamVersion,
    };
  }

  start(): void {
    if (this.#active) return;
    this.#active = true;
    const { audio, video } = this.#device;
    const problem = pageProblem(this.#options.scope);
    if (problem) {
      for (const device of [audio, video]) device.fail(device.begin(), problem);
      return;
    }
    this.#watch();
    this.#listDevices();
    if (audio.wanted && video.wanted && !audio.track && !video.track) void this.#openBoth();
    else for (const device of [audio, video]) if (device.wanted) void device.open();
  }

  stop(): void {
    this.#active = false;
    this.#device.audio.close();
    this.#device.video.close();
  }

  set(kind: DeviceKind, on: boolean): void {
    const device = this.#device[kind];
    device.wanted = on;
    this.#save();
    this.#meter.wake();
    if (!this.#active || pageProblem(this.#options.scope)) this.#changed();
    else if (on) void device.open();
    else if (kind === 'audio' && this.#keepMicrophone) device.hush();
    else device.close();
  }

  keepMicrophone(on: boolean): void {
    this.#keepMicrophone = on;
    const { audio } = this.#device;
    if (!on && !audio.wanted) audio.close();
  }

  choose(kind: DeviceKind | 'speaker', deviceId: string): void {
    if (kind === 'speaker') this.#speakerId = deviceId;
    else this.#device[kind].deviceId = deviceId;
    this.#save();
    if (kind !== 'speaker' && this.#active && this.#device[kind].wanted) {
      // Closed first: some phones cannot have two cameras open.
      this.#device[kind].close();
      void this.#device[kind].open();
    }
    this.#changed();
  }

  track(kind: DeviceKind): MediaStreamTrack | null {
    return this.#device[kind].track;
  }

  stream(): MediaStream | null {
    return this.#stream;
  }

  level(): number {
    return this.#meter.level();
  }

  /** Somebody has touched the page, so the meter may run. */
  wake(): void {
    this.#meter.wake();
  }

  #media(): MediaDevices {
    const { mediaDevices } = this.#options.scope.navigator;
    if (!mediaDevices) throw new DOMException('no media devices', 'NotFoundError');
    return mediaDevices;
  }

  /**
   * One question for both, since two in a row annoy. Where that fails, each is asked for on its own, so that a
   * missing camera does not cost the microphone; but not if the person has just said no.
   */
  async #openBoth(): Promise<void> {
    const { audio, video } = this.#device;
    const turns = { audio: audio.begin(), video: video.begin() };
    try {
      const stream = await this.#media().getUserMedia({
        audio: audio.constraints(),
        video: video.constraints(),
      });
      audio.finish(turns.audio, stream);
      video.finish(turns.video, stream);
    } catch (error) {
      const answered = problemOf(error) === 'denied' && !(await this.#differ());
      for (const device of [audio, video]) {
        if (answered) device.fail(turns[device.kind], 'denied');
        else if (device.wanted && this.#active) await device.open();
      }
    }
  }

  /** Whether something is settled about one of the two, so that asking for each makes a difference. */
  async #differ(): Promise<boolean> {
    const states = await Promise.all([this.#permission('audio'), this.#permission('video')]);
    return states.some((s) => s?.state === 'granted' || s?.state === 'denied');
  }

  async #permission(kind: DeviceKind): Promise<PermissionStatus | undefined> {
    try {
      return await this.#options.scope.navigator.permissions?.query({
        name: PERMISSION[kind] as PermissionName,
      });
    } catch {
      return undefined; // a browser that does not know this name
    }
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#media().addEventListener('devicechange', () => {
      this.#listDevices();
      for (const device of Object.values(this.#device))
        if (device.problem && device.problem !== 'denied') this.#retry(device);
    });
    for (const device of Object.values(this.#device))
      void this.#permission(device.kind).then((status) => {
        status?.addEventListener('change', () => {
          if (status.state === 'granted' && device.problem === 'denied') this.#retry(device);
        });
      });
  }

  #retry(device: Device): void {
    if (this.#active && device.wanted) void device.open();
  }

  #listDevices(): void {
    this.#media()
      .enumerateDevices()
      .then((list) => {
        this.#list = list;
        this.#changed();
      })
      .catch((error: unknown) => console.warn('parley: devices cannot be listed:', error));
  }

  #choices(kind: MediaDeviceKind): readonly DeviceChoice[] {
    // Before the permission, browsers tell of one device without id and label.
    const known = this.#list.filter((d) => d.kind === kind && d.deviceId !== '');
    return known.map((d, i) => ({ deviceId: d.deviceId, label: d.label || `${UNNAMED[kind]} ${i + 1}` }));
  }

  #newTrack(kind: DeviceKind, track: MediaStreamTrack | null): void {
    if (kind === 'audio') this.#meter.listen(track);
    else {
      // The preview needs the picture only; one's own voice is not to be heard.
      this.#stream = track && new MediaStream([track]);
      this.#streamVersion++;
    }
    if (track) this.#listDevices(); // names are told once something is open
    this.#options.events.track(kind, track);
  }

  #save(): void {
    const { audio, video } = this.#device;
    const choices: Choices = {
      ids: { audio: audio.deviceId, video: video.deviceId, speaker: this.#speakerId },
      on: { audio: audio.wanted, video: video.wanted },
    };
    saveChoices(this.#options.store, choices);
  }

  #changed(): void {
    this.#options.events.changed(this.devices);
  }
}
