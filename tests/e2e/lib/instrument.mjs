/**
 * What is put into every page before its own script: it remembers the peer connections, sockets and tracks that the
 * page makes, so that tests can ask the browser, not the app, what is true.
 */
export function instrument() {
  const seen = { pcs: [], sockets: [], tracks: [] };
  Object.defineProperty(window, '__seen', { value: seen });

  const NativePeer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends NativePeer {
    constructor(...args) {
      super(...args);
      seen.pcs.push(this);
    }
  };
  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(...args) {
      super(...args);
      seen.sockets.push(this);
    }
  };
  const media = navigator.mediaDevices;
  if (media?.getUserMedia) {
    const native = media.getUserMedia.bind(media);
    media.getUserMedia = async (constraints) => {
      const stream = await native(constraints);
      seen.tracks.push(...stream.getTracks());
      return stream;
    };
  }
}

/** Sums over the live peer connections of the page. Runs in the page. */
export async function mediaTotals() {
  const totals = {
    framesDecoded: 0,
    audioEnergy: 0,
    audioSamples: 0,
    bytesReceived: 0,
    connected: 0,
    pair: '',
  };
  for (const pc of window.__seen.pcs) {
    if (pc.connectionState === 'closed') continue;
    if (pc.connectionState === 'connected') totals.connected++;
    const stats = await pc.getStats();
    for (const s of stats.values()) {
      if (s.type !== 'inbound-rtp') continue;
      totals.bytesReceived += s.bytesReceived ?? 0;
      if (s.kind === 'video') totals.framesDecoded += s.framesDecoded ?? 0;
      if (s.kind === 'audio') {
        totals.audioEnergy += s.totalAudioEnergy ?? 0;
        totals.audioSamples += s.totalSamplesDuration ?? 0;
      }
    }
  }
  return totals;
}

/** A coarse picture of the remote video: 16×12 grey values, or null before the first frame. Runs in the page. */
export function remotePicture() {
  const video = document.querySelector('[data-testid="remote-video"]');
  const element = video instanceof HTMLVideoElement ? video : video?.querySelector('video');
  if (!element || element.videoWidth === 0) return null;
  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 12;
  const context = canvas.getContext('2d');
  context.drawImage(element, 0, 0, 16, 12);
  const { data } = context.getImageData(0, 0, 16, 12);
  const grey = [];
  for (let i = 0; i < data.length; i += 4) grey.push(Math.round((data[i] + data[i + 1] + data[i + 2]) / 3));
  return grey;
}
