/** How loud the microphone is. Drawn outside of rendering, as often as the screen is. */
import { useEffect, useRef } from 'preact/hooks';
import { useActions } from '../context';
import { text } from '../text';

const BARS = [0, 1, 2, 3, 4];
/** For those who read it rather than see it. */
const SPOKEN_EVERY_MS = 250;

export function LevelMeter({ testid }: { testid: string }) {
  const actions = useActions();
  const bars = useRef<HTMLSpanElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    let frame = 0;
    let spoken = 0;
    let shown = 0;
    const draw = (now: number) => {
      frame = requestAnimationFrame(draw);
      const level = Math.min(1, Math.max(0, actions.micLevel()));
      shown = Math.max(level, shown * 0.88); // falls slowly, as meters do, so that the eye can follow
      bars.current?.style.setProperty('--level', shown.toFixed(3));
      if (now - spoken < SPOKEN_EVERY_MS || !meter.current) return;
      spoken = now;
      meter.current.value = Math.round(level * 100);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [actions]);
  return (
    <span class="meter" data-testid={testid}>
      <meter ref={meter} class="visually-hidden" min={0} max={100} aria-label={text.prejoin.level} />
      <span ref={bars} class="meter-bars" aria-hidden="true">
        {BARS.map((i) => (
          <span key={i} class={`meter-bar meter-bar-${i}`} />
        ))}
      </span>
    </span>
  );
}
