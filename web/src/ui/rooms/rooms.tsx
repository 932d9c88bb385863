/** The page of one's own rooms. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Room, RoomsApi } from '../../state/rooms';
import { useLoaded } from '../account/section';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Banner, Loading } from '../parts/form';
import { Page } from '../parts/page';
import { faultText, formText } from '../text-forms';
import { profileText } from '../text-profile';
import { roomsText as words } from '../text-rooms';
import { RoomForm } from './room-form';
import { RoomItem } from './room-item';

function NewRoom({ rooms, onMade, onCancel }: { rooms: RoomsApi; onMade: () => void; onCancel: () => void }) {
  const actions = useActions();
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>('input')?.focus(), []);
  return (
    <section class="part room-new" ref={box} data-testid="room-new">
      <h2>{words.makeTitle}</h2>
      <RoomForm
        onCancel={onCancel}
        send={async (values) => {
          const answer = await rooms.make(values);
          if (!answer.ok) return answer.fault;
          actions.say(words.made(answer.value.name));
          onMade();
          return undefined;
        }}
      />
    </section>
  );
}

function Empty({ onMake }: { onMake: () => void }) {
  return (
    <div class="rooms-none" data-testid="rooms-none">
      <span class="card-icon">
        <Icon name="door" size={30} />
      </span>
      <h2>{words.none}</h2>
      <p>{words.noneBody}</p>
      <button type="button" class="button button-main" data-testid="rooms-first" onClick={onMake}>
        <Icon name="plus" size={20} />
        {words.make}
      </button>
    </div>
  );
}

function Rooms() {
  const actions = useActions();
  const rooms = useMemo(() => new RoomsApi(actions.api), [actions]);
  const [loaded, reload] = useLoaded(() => rooms.list());
  const [making, setMaking] = useState(false);
  const [changed, setChanged] = useState<ReadonlyMap<string, Room | null>>(new Map()); // null: deleted
  const button = useRef<HTMLButtonElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const put = (id: string, room: Room | null) => setChanged(new Map(changed).set(id, room));
  const listed = loaded.state === 'there' ? loaded.value : [];
  const shown = listed.map((room) => changed.get(room.id) ?? room).filter((r) => changed.get(r.id) !== null);
  const close = () => {
    setMaking(false);
    (button.current ?? heading.current)?.focus();
  };
  return (
    <div class="rooms" data-testid="rooms">
      <div class="rooms-head">
        <h1 ref={heading} tabIndex={-1}>
          {words.title}
        </h1>
        <button
          ref={button}
          type="button"
          class="button button-main"
          data-testid="rooms-make"
          aria-expanded={making}
          onClick={() => setMaking(!making)}
        >
          <Icon name="plus" size={20} />
          {words.make}
        </button>
      </div>
      <p class="card-lead">{words.lead}</p>
      {making && (
        <NewRoom
          rooms={rooms}
          onCancel={close}
          onMade={() => {
            close();
            void reload();
          }}
        />
      )}
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && (
        <Banner kind="problem">
          {faultText(loaded.fault)}{' '}
          <button type="button" class="link-button" onClick={() => void reload()}>
            {formText.tryAgain}
          </button>
        </Banner>
      )}
      {loaded.state === 'there' && shown.length === 0 && !making && <Empty onMake={() => setMaking(true)} />}
      {shown.length > 0 && (
        <ul class="room-list" data-testid="room-list">
          {shown.map((room) => (
            <RoomItem
              key={room.id}
              room={room}
              rooms={rooms}
              onChange={(now) => put(now.id, now)}
              onGone={(gone) => {
                put(gone.id, null);
                actions.say(words.removed(gone.name));
                heading.current?.focus();
              }}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

export function Pages() {
  const { account, accountUnknown } = useAppState();
  const actions = useActions();
  return (
    <Page name="rooms">
      {account && <Rooms key={account.id} />}
      {!account && !accountUnknown && <Loading />}
      {!account && accountUnknown && (
        <Banner kind="problem">
          {profileText.unknown}{' '}
          <button type="button" class="link-button" onClick={() => actions.askAccount()}>
            {formText.tryAgain}
          </button>
        </Banner>
      )}
    </Page>
  );
}
