/** How loud the microphone is, for a meter that is read once per animation frame. */

const FLOOR_DB = -60;
const CEILING_DB = -10;

/** 0 for silence, 1 for loud speech, even steps for the ear in between. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const s of samples) sum += s * s;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

export class Meter {
  #context: AudioContext | undefined;
  #analyser: AnalyserNode | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #samples = new Float32Array(512);
  #track: MediaStreamTrack | null = null;

  /** Listen to this track from now on; null: to nothing, and give the audio device back. */
  listen(track: MediaStreamTrack | null): void {
    if (track === this.#track) return;
    this.#track = track;
    this.#source?.disconnect();
    this.#source = undefined;
    if (track || !this.#context) return;
    this.#context.close().catch(() => undefined); // closed already: the same to us
    this.#context = undefined;
  }

  level(): number {
    if (!this.#track) return 0;
    if (!this.#source) this.#connect(this.#track);
    if (this.#context?.state === 'suspended') return 0;
    this.#analyser?.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  /** Browsers start audio only after somebody has touched the page. */
  wake(): void {
    if (this.#context?.state === 'suspended') this.#context.resume().catch(() => undefined); // next touch
  }

  #connect(track: MediaStreamTrack): void {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#analyser = this.#context.createAnalyser();
      this.#analyser.fftSize = this.#samples.length;
    }
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    if (this.#analyser) this.#source.connect(this.#analyser);
  }
}
