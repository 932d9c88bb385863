/** The rooms in use, and a way to end a call. What is said in them nobody here knows. */

import { Act, LoadedList, Section, useDates, useLoaded } from '../account/section';
import { useActions } from '../context';
import { Icon } from '../icons';
import { adminText } from '../text-admin';
import { useAdmin } from './frame';

const words = adminText.calls;

export function Calls() {
  const admin = useAdmin();
  const actions = useActions();
  const dates = useDates();
  const [loaded, reload] = useLoaded(() => admin.rooms());
  const end = async (room: string) => {
    const fault = await admin.endCall(room);
    // 404: it has ended by itself meanwhile.
    if (fault && fault.status !== 404) return fault;
    actions.say(words.ended);
    await reload();
    return undefined;
  };
  return (
    <Section id="calls" title={words.title}>
      <button
        type="button"
        class="button button-small calls-refresh"
        data-testid="calls-refresh"
        onClick={() => void reload()}
      >
        {words.refresh}
      </button>
      <LoadedList
        loaded={loaded}
        reload={reload}
        none={words.none}
        testid="calls"
        item={(room) => (
          <>
            <span class="list-icon">
              <Icon name="cam" size={22} />
            </span>
            <div class="list-words">
              <p class="list-title">
                <bdi>{room.name || words.unnamed}</bdi>
              </p>
              <p class="list-note">
                {room.owner && (
                  <>
                    <bdi>{words.owner(room.owner)}</bdi> ·{' '}
                  </>
                )}
                {words.members(room.members)}
                {room.waiting > 0 && `, ${words.waiting(room.waiting)}`}
                {room.since && ` · ${words.since(dates.time(room.since))}`}
              </p>
            </div>
            <Act
              label={words.end}
              name={words.endName(room.name || room.id)}
              sure={words.endSure}
              kind="button-warn"
              testid="call-end"
              run={() => end(room.id)}
            />
          </>
        )}
      />
    </Section>
  );
}
