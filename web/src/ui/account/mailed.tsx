/**
 * The pages of mailed links that only confirm something. A person has to press the button: programs that look into
 * mail follow its links, and must confirm nothing by it.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useActions, useAppState } from '../context';
import { Form, Problem, Submit, useForm } from '../parts/form';
import { Link } from '../parts/link';
import { accountText } from '../text-account';
import { Card, useAccounts } from './frame';
import { knownEmail } from './signin';

/** One plain page for every link that does not work, whatever the reason. */
export function BadLink({
  incomplete = false,
  testid,
  children,
}: {
  incomplete?: boolean;
  testid: string;
  children?: ComponentChildren;
}) {
  const words = accountText.badLink;
  return (
    <Card
      title={incomplete ? words.incompleteTitle : words.title}
      lead={incomplete ? words.incomplete : words.body}
      icon="link"
      tone="warn"
      testid={testid}
    >
      <div class="form-buttons">
        {children}
        <Link to="/" class="button" testid="bad-link-home">
          {accountText.toHome}
        </Link>
      </div>
    </Card>
  );
}

interface ConfirmWords {
  readonly title: string;
  readonly lead: string;
  readonly submit: string;
  readonly busy: string;
  readonly doneTitle: string;
  readonly done: (email: string) => string;
}

function ConfirmPage({
  words,
  testid,
  run,
  after,
  otherwise,
}: {
  words: ConfirmWords;
  testid: string;
  run: (token: string) => ReturnType<ReturnType<typeof useAccounts>['confirm']>;
  after: ComponentChildren;
  otherwise: ComponentChildren;
}) {
  const { token } = useAppState();
  const [email, setEmail] = useState('');
  const [bad, setBad] = useState(false);
  const form = useForm({
    send: async () => {
      const answer = await run(token);
      if (answer.ok) {
        knownEmail.value = answer.value;
        setEmail(answer.value);
      } else if (answer.fault.code === 'token_invalid') setBad(true);
      else return answer.fault;
      return undefined;
    },
  });
  if (bad || token === '') {
    return (
      <BadLink incomplete={token === ''} testid={`${testid}-bad`}>
        {otherwise}
      </BadLink>
    );
  }
  if (email !== '') {
    return (
      <Card title={words.doneTitle} lead={words.done(email)} icon="check" testid={`${testid}-done`}>
        {after}
      </Card>
    );
  }
  return (
    <Card title={words.title} lead={words.lead} icon="mail" testid={testid}>
      <Form form={form}>
        <Problem form={form} />
        <Submit form={form} testid={`${testid}-submit`} busyText={words.busy}>
          {words.submit}
        </Submit>
      </Form>
    </Card>
  );
}

export function Confirm() {
  const accounts = useAccounts();
  return (
    <ConfirmPage
      words={accountText.confirm}
      testid="confirm"
      run={(token) => accounts.confirm(token)}
      after={
        <Link to="/signin" class="button button-main" testid="confirm-signin">
          {accountText.toSignIn}
        </Link>
      }
      otherwise={
        <>
          <Link to="/signin" class="button button-main">
            {accountText.toSignIn}
          </Link>
          <Link to="/signup" class="button">
            {accountText.badLink.signUp}
          </Link>
        </>
      }
    />
  );
}

export function EmailConfirm() {
  const { account } = useAppState();
  const actions = useActions();
  const accounts = useAccounts();
  const toAccount = (
    <Link to="/account" class="button button-main" testid="email-account">
      {accountText.emailConfirm.toAccount}
    </Link>
  );
  return (
    <ConfirmPage
      words={accountText.emailConfirm}
      testid="email"
      run={async (token) => {
        const answer = await accounts.confirmEmail(token);
        // It may be another person's account than that which is signed in here.
        if (answer.ok && account) actions.askAccount();
        return answer;
      }}
      after={toAccount}
      otherwise={toAccount}
    />
  );
}
