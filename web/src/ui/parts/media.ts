/**
 * Small helpers around <video>: showing a stream, sound that the browser will not play before a click, choosing the
 * speaker, and noticing the first frame.
 */
import { signal } from '@preact/signals';

const waiting = new Set<HTMLMediaElement>();

/** Some element's sound waits for a click. */
export const soundBlocked = signal(false);

function forget(el: HTMLMediaElement): void {
  waiting.delete(el);
  soundBlocked.value = waiting.size > 0;
}

/** Plays; where sound is not allowed yet, plays the picture without it and remembers the element for unblockSound(). */
async function play(el: HTMLMediaElement): Promise<void> {
  try {
    await el.play();
    if (!el.muted) forget(el);
  } catch (e) {
    // AbortError and the like: another stream has taken over, and its own play() tells how that went.
    if (!(e instanceof DOMException) || e.name !== 'NotAllowedError' || el.muted) return;
    waiting.add(el);
    soundBlocked.value = true;
    el.muted = true;
    await play(el);
  }
}

/** To be called from a click: plays what was not allowed to. */
export function unblockSound(): void {
  for (const el of [...waiting]) {
    el.muted = false;
    forget(el);
    void play(el);
  }
}

/** Shows @stream in @el; returns the way to take it back. */
export function showStream(el: HTMLVideoElement, stream: MediaStream | null, muted: boolean): () => void {
  if (!waiting.has(el)) el.muted = muted;
  if (el.srcObject !== stream) el.srcObject = stream;
  if (stream) void play(el);
  return () => {
    el.srcObject = null;
    forget(el);
  };
}

/** Sends the sound of @el to a speaker; where that fails, the one before stays, which is still sound. */
export function chooseSpeaker(el: HTMLMediaElement, speakerId: string): void {
  if (typeof el.setSinkId !== 'function' || el.sinkId === speakerId) return;
  el.setSinkId(speakerId).catch(() => {
    if (el.sinkId !== '') void el.setSinkId('').catch(() => undefined);
  });
}

/** Calls @shown once, when @el has really put a frame on the screen. */
export function onFirstFrame(el: HTMLVideoElement, shown: () => void): () => void {
  if (typeof el.requestVideoFrameCallback === 'function') {
    const handle = el.requestVideoFrameCallback(() => shown());
    return () => el.cancelVideoFrameCallback(handle);
  }
  const events = ['loadeddata', 'resize', 'timeupdate'] as const;
  const check = () => {
    if (el.videoWidth === 0 || el.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    stop();
    shown();
  };
  const stop = () => {
    for (const name of events) el.removeEventListener(name, check);
  };
  for (const name of events) el.addEventListener(name, check);
  return stop;
}

/** The share of a picture that may be cut away to fill its tile. */
const MAX_CUT = 0.45;

/** Keeps data-fit on @tile: `cover` while filling it costs little of the picture, else `contain`. */
export function keepFit(tile: HTMLElement, video: HTMLVideoElement): () => void {
  const fit = () => {
    const { clientWidth: w, clientHeight: h } = tile;
    if (w === 0 || h === 0 || video.videoWidth === 0 || video.videoHeight === 0) return;
    const ratio = w / h / (video.videoWidth / video.videoHeight);
    tile.dataset.fit = Math.min(ratio, 1 / ratio) >= 1 - MAX_CUT ? 'cover' : 'contain';
  };
  const sizes = new ResizeObserver(fit);
  sizes.observe(tile);
  video.addEventListener('resize', fit);
  video.addEventListener('loadedmetadata', fit);
  return () => {
    sizes.disconnect();
    video.removeEventListener('resize', fit);
    video.removeEventListener('loadedmetadata', fit);
  };
}
