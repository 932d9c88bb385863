/** The own picture: the whole stage while nobody else is here, then small in a corner of the person's choice. */
import { useRef, useState } from 'preact/hooks';
import { useAppState } from '../context';
import { Icon } from '../icons';
import { isOn } from '../parts/device-toggle';
import { LevelMeter } from '../parts/level-meter';
import { LocalVideo } from '../parts/local-video';
import { text } from '../text';

/** Corner as [right side, bottom]. */
type Corner = readonly [boolean, boolean];

const order: readonly Corner[] = [
  [true, true],
  [false, true],
  [false, false],
  [true, false],
];
/** Less than this is a click, not a drag. */
const DRAG_PX = 6;

function nextCorner([right, bottom]: Corner): Corner {
  const i = order.findIndex(([r, b]) => r === right && b === bottom);
  return order[(i + 1) % order.length] ?? [true, true];
}

function cornerByKey(key: string, [right, bottom]: Corner): Corner | null {
  if (key === 'ArrowLeft') return [false, bottom];
  if (key === 'ArrowRight') return [true, bottom];
  if (key === 'ArrowUp') return [right, false];
  if (key === 'ArrowDown') return [right, true];
  return null;
}

/** The corner of the stage that the tile is nearest to. */
function nearestCorner(tile: HTMLElement): Corner {
  const box = tile.getBoundingClientRect();
  const stage = tile.parentElement?.getBoundingClientRect() ?? box;
  return [
    box.left + box.width / 2 > stage.left + stage.width / 2,
    box.top + box.height / 2 > stage.top + stage.height / 2,
  ];
}

/** Pointer and key handlers that move the tile between corners. */
function useCorner() {
  const tile = useRef<HTMLElement>(null);
  const start = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const [corner, setCorner] = useState<Corner>([true, true]);
  const settle = () => {
    const moved = start.current?.moved ?? false;
    start.current = null;
    if (!tile.current || !moved) return;
    setCorner(nearestCorner(tile.current));
    tile.current.style.translate = '';
    delete tile.current.dataset.dragging;
  };
  const dragged = useRef(false);
  const handlers = {
    onPointerDown: (e: PointerEvent) => {
      start.current = { x: e.clientX, y: e.clientY, moved: false };
      dragged.current = false;
      if (e.currentTarget instanceof Element) e.currentTarget.setPointerCapture(e.pointerId);
    },
    onPointerMove: (e: PointerEvent) => {
      const from = start.current;
      if (!from || !tile.current) return;
      const [dx, dy] = [e.clientX - from.x, e.clientY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < DRAG_PX) return;
      from.moved = true;
      dragged.current = true;
      tile.current.dataset.dragging = '';
      tile.current.style.translate = `${dx}px ${dy}px`;
    },
    onPointerUp: settle,
    onPointerCancel: settle,
    onClick: () => {
      if (!dragged.current) setCorner(nextCorner(corner));
      dragged.current = false;
    },
    onKeyDown: (e: KeyboardEvent) => {
      const next = cornerByKey(e.key, corner);
      if (!next) return;
      e.preventDefault();
      setCorner(next);
    },
  };
  return { tile, corner, handlers };
}

export function SelfTile({ full }: { full: boolean }) {
  const { devices } = useAppState();
  const { tile, corner, handlers } = useCorner();
  const audio = isOn(devices.audio);
  const [right, bottom] = corner;
  return (
    <section
      ref={tile}
      class={full ? 'self self-full' : 'self'}
      data-x={right ? 'right' : 'left'}
      data-y={bottom ? 'bottom' : 'top'}
      aria-label={text.you}
    >
      <LocalVideo testid="local-video" label={text.prejoin.preview} />
      {!full && (
        <>
          <p class="self-mark" data-muted={audio ? undefined : ''}>
            {audio ? <LevelMeter testid="self-level" /> : <Icon name="micOff" size={18} />}
            {!audio && <span class="visually-hidden">{text.call.youMuted}</span>}
          </p>
          <button type="button" class="self-move" aria-label={text.call.moveSelf} {...handlers} />
        </>
      )}
    </section>
  );
}
