/** Where the account is signed in. */
import type { Ref } from 'preact';
import { useImperativeHandle } from 'preact/hooks';
import { useActions } from '../context';
import { profileText } from '../text-profile';
import { useAccounts } from './frame';
import { Act, Entry, LoadedList, Section, useDates, useLoaded } from './section';

export function Sessions({ again }: { again: Ref<() => void> }) {
  const words = profileText.sessions;
  const actions = useActions();
  const accounts = useAccounts();
  const dates = useDates();
  const [loaded, reload] = useLoaded(() => accounts.sessions());
  useImperativeHandle(again, () => () => void reload(), [reload]);
  const end = async (id: string) => {
    const fault = await accounts.endSession(id);
    // 404: it has ended by itself meanwhile.
    if (fault && fault.status !== 404) return fault;
    actions.say(words.ended);
    await reload();
    return undefined;
  };
  const endOthers = async () => {
    const fault = await accounts.endOtherSessions();
    if (fault) return fault;
    actions.say(words.othersEnded);
    await reload();
    return undefined;
  };
  const others = loaded.state === 'there' && loaded.value.some((s) => !s.current);
  return (
    <Section id="sessions" title={words.title} lead={words.lead}>
      <LoadedList
        loaded={loaded}
        reload={reload}
        none=""
        testid="sessions"
        item={(session) => (
          <>
            <Entry
              icon="device"
              title={
                <>
                  <bdi>{session.client}</bdi> {session.current && <span class="tag">{words.here}</span>}
                </>
              }
            >
              {words.seen(dates.time(session.seen))} · <bdi>{session.address}</bdi>
            </Entry>
            {!session.current && (
              <Act
                label={words.signOut}
                name={words.signOutName(session.client)}
                testid="session-end"
                run={() => end(session.id)}
              />
            )}
          </>
        )}
      />
      {others && <Act label={words.others} testid="sessions-end-others" run={endOthers} />}
    </Section>
  );
}
