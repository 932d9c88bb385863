/** One room: what it is like, and what one can do with it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Room, RoomsApi } from '../../state/rooms';
import { Act } from '../account/section';
import { useActions } from '../context';
import { Icon } from '../icons';
import { Link } from '../parts/link';
import { roomsText as words } from '../text-rooms';
import { RoomForm } from './room-form';

function Tags({ room }: { room: Room }) {
  const tags = [
    ...(room.locked ? [words.tags.locked] : []),
    room.knock ? words.tags.knock : words.tags.open,
    ...(room.password ? [words.tags.password] : []),
    ...(room.guests ? [] : [words.tags.members]),
  ];
  return (
    <ul class="room-tags">
      {tags.map((tag) => (
        <li key={tag} class="tag">
          {tag}
        </li>
      ))}
    </ul>
  );
}

/** For people, the link without what every link begins with. */
const shortLink = (url: string): string => url.replace(/^https?:\/\//, '');

export function RoomItem({
  room,
  rooms,
  onChange,
  onGone,
}: {
  room: Room;
  rooms: RoomsApi;
  onChange: (room: Room) => void;
  onGone: (room: Room) => void;
}) {
  const actions = useActions();
  const [editing, setEditing] = useState(false);
  const edit = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (editing) box.current?.querySelector<HTMLElement>('input')?.focus();
  }, [editing]);
  const close = () => {
    setEditing(false);
    edit.current?.focus();
  };
  const change = async (values: Parameters<RoomsApi['change']>[1], said: string) => {
    const answer = await rooms.change(room.id, values);
    if (!answer.ok) return answer.fault;
    onChange(answer.value);
    actions.say(said);
    return undefined;
  };
  const remove = async () => {
    const fault = await rooms.remove(room.id);
    if (fault && fault.status !== 404) return fault;
    onGone(room);
    return undefined;
  };
  return (
    <li class="room" data-testid="room" data-room={room.id}>
      <div class="room-head">
        <span class="list-icon">
          <Icon name={room.locked ? 'lock' : 'door'} size={22} />
        </span>
        <div class="list-words">
          <h2>
            <bdi>{room.name}</bdi>
          </h2>
          <p class="list-note">{shortLink(room.url)}</p>
        </div>
        <div class="room-main">
          <button
            type="button"
            class="button button-small"
            data-testid="room-copy"
            aria-label={words.copyName(room.name)}
            onClick={() => actions.copy(room.url, words.copied)}
          >
            <Icon name="link" size={20} />
            {words.copy}
          </button>
          <Link to={`/r/${room.id}`} class="button button-small button-main" testid="room-join">
            <Icon name="cam" size={20} />
            {words.join}
            <span class="visually-hidden">: {room.name}</span>
          </Link>
        </div>
      </div>
      <div class="room-foot">
        <Tags room={room} />
        <div class="room-acts">
          <button
            ref={edit}
            type="button"
            class="button button-small button-plain"
            data-testid="room-edit"
            aria-expanded={editing}
            aria-label={words.editName(room.name)}
            onClick={() => setEditing(!editing)}
          >
            {words.edit}
          </button>
          <Act
            label={room.locked ? words.unlock : words.lock}
            name={room.locked ? words.unlockName(room.name) : words.lockName(room.name)}
            kind="button-plain"
            testid="room-lock"
            run={() =>
              change(
                { locked: !room.locked },
                room.locked ? words.unlocked(room.name) : words.locked(room.name),
              )
            }
          />
          <Act
            label={words.remove}
            name={words.removeName(room.name)}
            sure={words.removeSure}
            kind="button-warn"
            testid="room-remove"
            run={remove}
          />
        </div>
      </div>
      {editing && (
        <div class="room-edit" ref={box}>
          <RoomForm
            room={room}
            onCancel={close}
            send={async (values) => {
              const fault = await change(values, words.saved);
              if (!fault) close();
              return fault;
            }}
          />
        </div>
      )}
    </li>
  );
}
