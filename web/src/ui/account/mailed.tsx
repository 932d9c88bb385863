/**
 * The pages of mailed links that only confirm something. A person has to press the button: programs that look into
 * mail follow its links, and must confirm nothing by it.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useActions, useAppState } from '../context';
import { Field, Form, type FormState, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { Link } from '../parts/link';
import { accountText } from '../text-account';
import { Card, checks, useAccounts } from './frame';
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

/** The account comes to be with the password of that sign-up: whoever made it with this address must know it. */
function useConfirmForm(onBad: () => void): FormState {
  const { token } = useAppState();
  const actions = useActions();
  const accounts = useAccounts();
  return useForm({
    words: { bad_credentials: accountText.confirm.wrong },
    fieldOf: { bad_credentials: 'password' },
    check: (values) => checks(values, { password: 'password' }),
    send: async (values) => {
      const answer = await accounts.confirm(token, values.raw('password'));
      if (answer.ok) actions.signedIn(answer.value);
      else if (answer.fault.code === 'token_invalid') onBad();
      else return answer.fault;
      return undefined;
    },
  });
}

/** Where the form was sent from this browser: also tells its password manager whose password it is. */
function KnownAddress() {
  return (
    <Field
      name="email"
      label={accountText.email}
      type="email"
      autocomplete="username"
      readOnly
      defaultValue={knownEmail.value}
      testid="confirm-email"
    />
  );
}

const signUpAgain = (testid: string) => (
  <Link to="/signup" class="link" testid={testid}>
    {accountText.badLink.signUp}
  </Link>
);

export function Confirm() {
  const words = accountText.confirm;
  const { token } = useAppState();
  const [bad, setBad] = useState(false);
  const form = useConfirmForm(() => setBad(true));
  if (bad || token === '') {
    return (
      <BadLink incomplete={token === ''} testid="confirm-bad">
        <Link to="/signin" class="button button-main">
          {accountText.toSignIn}
        </Link>
        <Link to="/signup" class="button">
          {accountText.badLink.signUp}
        </Link>
      </BadLink>
    );
  }
  return (
    <Card
      title={words.title}
      lead={words.lead}
      icon="mail"
      testid="confirm"
      foot={
        <p>
          {words.forgotten} {signUpAgain('confirm-signup')}
        </p>
      }
    >
      <Form form={form}>
        <Problem form={form} />
        {knownEmail.value !== '' && <KnownAddress />}
        <PasswordField
          name="password"
          label={accountText.password}
          hint={words.hint}
          autocomplete="current-password"
          enterKeyHint="go"
          required
          testid="confirm-password"
        />
        <Submit form={form} testid="confirm-submit" busyText={words.busy}>
          {words.submit}
        </Submit>
      </Form>
    </Card>
  );
}

export function EmailConfirm() {
  const words = accountText.emailConfirm;
  const { account, token } = useAppState();
  const actions = useActions();
  const accounts = useAccounts();
  const [email, setEmail] = useState('');
  const [bad, setBad] = useState(false);
  const form = useForm({
    send: async () => {
      const answer = await accounts.confirmEmail(token);
      if (answer.ok) {
        knownEmail.value = answer.value;
        setEmail(answer.value);
        // It may be another person's account than that which is signed in here.
        if (account) actions.askAccount();
      } else if (answer.fault.code === 'token_invalid') setBad(true);
      else return answer.fault;
      return undefined;
    },
  });
  const toAccount = (
    <Link to="/account" class="button button-main" testid="email-account">
      {words.toAccount}
    </Link>
  );
  if (bad || token === '') {
    return (
      <BadLink incomplete={token === ''} testid="email-bad">
        {toAccount}
      </BadLink>
    );
  }
  if (email !== '') {
    return (
      <Card title={words.doneTitle} lead={words.done(email)} icon="check" testid="email-done">
        {toAccount}
      </Card>
    );
  }
  return (
    <Card title={words.title} lead={words.lead} icon="mail" testid="email">
      <Form form={form}>
        <Problem form={form} />
        <Submit form={form} testid="email-submit" busyText={words.busy}>
          {words.submit}
        </Submit>
      </Form>
    </Card>
  );
}
