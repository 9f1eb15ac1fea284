import type { LimitExplanation } from './explain.ts';
import type { Phrases, Said } from './explain-phrases.ts';
import { formatSats } from './explain-phrases.ts';
import type { ScreeningTrace } from '../screening.ts';

/** What explanations say in Japanese (です・ます調). */
export const japanese: Phrases = {
  spends: (count) => `${count}件`,
  duration: inWords,
  time: (utc, wall) => {
    if (wall === null) return `${utc}（UTC）`;
    const [year = '', month = '', day = ''] = wall.date.split('-');
    const date = `${year}年${Number(month)}月${Number(day)}日（${days[wall.weekday]}）`;
    return `${date}${wall.time}（${wall.timezone}、UTCでは ${utc}）`;
  },
  list: (items, join) => items.join(join === 'and' ? '、' : 'または'),
  outcome: {
    denied: 'この送金は認められません。',
    pending: 'この送金はまだ署名できません。足りないものがあります。',
    waiting: '承認はそろっていますが、この送金は待機中です。',
    authorised: 'この送金は今すぐ署名できます。',
    signed: 'この送金は署名済みです。',
  },
  refusals: {
    'policy.facts.inconsistent': (said) =>
      `送金の内容または過去の利用記録に矛盾があるため、判定できません（${said.text('reason')}）。`,
    'policy.hours.unknown': (said) =>
      `ポリシーに記録されたタイムゾーン ${said.text('timezone')} の情報では ${said.time('at')} の現地時刻が分からないため、何も認められません。`,
    'policy.rules.empty': () => 'ポリシーにルールが一つもないため、何も認められません。',
    'policy.none.matched': () => 'この送金を認めるルールがありません。',
    'policy.denied': (said) => `ルール「${said.text('rule')}」がこの送金を禁止しています。`,
    'policy.quorum.zero': (said) =>
      `ルール「${said.text('rule')}」は承認者を一人も求めていないため、認められません。`,
    'policy.output.unnamed': (said) =>
      `${outputs([said.text('kind')])}が含まれていますが、これを明示して認めるルールがありません。`,
    'policy.fee.exceeded': feeSentence,
    'policy.fee.budget': limitSentence,
    'policy.limit.exceeded': limitSentence,
    'policy.hours.closed': (said) =>
      `現在は、ポリシーがこの送金を認める時間帯ではありません。${said.time('opensAt')}から認められます。`,
    'policy.quorum.missing': (said) =>
      `承認が不足しています（${said.items('missing').map(lacking).join('、')}）。${may(said.items('may'))}`,
    'policy.delay.waiting': (said) =>
      `待機期間中です。待機は${said.time('notBefore')}に終わります。`,
    'policy.sign.expired': (said) =>
      `承認の使用期限（${said.time('signBy')}）を過ぎました。あらためて申請してください。`,
    'member.role': (said) => `${said.text('member')} には送金を申請する権限がありません。`,
    'proposal.unknown': (said) => `申請 ${said.text('proposal')} は存在しません。`,
    'proposal.rejected': (said) => `${said.text('by')} がこの申請を却下しました。`,
    'proposal.withdrawn': (said) => `${said.text('by')} がこの申請を取り下げました。`,
    'proposal.expired': (said) => `申請の有効期限（${said.time('expiresAt')}）が切れました。`,
    'proposal.initiator.gone': (said) =>
      `申請者 ${said.text('initiator')} は、すでに申請する権限を失っています。`,
    'approval.lost': (said) =>
      `定足数の根拠となっていた ${said.list('members', 'and')} の承認が無効になりました（${said.list('causes', 'and')}）。`,
    'wallet.frozen': (said) =>
      `ウォレット ${said.text('wallet')} は ${said.text('by')} により凍結されています（凍結 ${said.text('freeze')}）。`,
    'wallet.unconfirmed': (said) =>
      `ウォレット ${said.text('wallet')} は、まだ鍵の保有者全員の確認を得ていません。`,
    'document.waiting': (said) =>
      `申請が参照する${documents[said.text('kind')] ?? said.text('kind')}（${said.text('named')}）は、署名者においてまだ発効していません。`,
    'document.stale': (said) =>
      `申請が参照する${documents[said.text('kind')] ?? said.text('kind')}（${said.text('named')}）は、すでに古くなっています。`,
    'address.lookalike': (said) =>
      `出力 ${said.text('output')} の支払先 ${said.text('address')} は、${said.text('owner')} の ${said.text('id')}（${said.text('like')}）によく似た別のアドレスです。`,
    'coin.signed': (said) =>
      `コイン ${said.text('coin')} は、署名済みの申請 ${said.text('proposal')} で使用されています。`,
    'coin.reserved': (said) =>
      `コイン ${said.text('coin')} は、申請 ${said.text('proposal')} のために予約されています。`,
    'spend.repeated': (said) =>
      `同じ支払いまたは参照番号の送金が、7日以内に ${said.text('name')}（${said.text('proposal')}）として署名されています。`,
    'statement.early': (said) => `申請の発行時刻（${said.time('at')}）が未来になっています。`,
    'signer.pending': (said) =>
      `ウォレット ${said.text('wallet')} の署名者が、まだすべてを確認していません。`,
    'psbt.signatures.missing': (said) =>
      `ほかの鍵の保有者の部分署名が、あと${said.text('lacking')}名分必要です。`,
    'screening.unanswered': () => 'スクリーニングサービスからまだ回答がありません。',
    'screening.held': (said) => `スクリーニングサービスが保留としています${cases(said)}。`,
    'screening.denied': (said) => `スクリーニングサービスが拒否しました${cases(said)}。`,
  },
  otherwise: (code, said) => `コード ${code} により認められません（${said.all()}）。`,
  rule: (name, is) => {
    switch (is) {
      case 'applies':
        return `ルール「${name}」が適用されます。`;
      case 'asks':
        return `ルール「${name}」が適用されます。ただし、アドレス帳の記載がまだ有効でないため、承認を求めるだけで、送金を認めるものではありません。`;
      case 'denies':
        return `ルール「${name}」が適用され、この送金を禁止します。`;
      case 'idle':
        return `ルール「${name}」は適用されません。`;
    }
  },
  conditions: {
    payments: (said, holds) =>
      `このルールは支払いの${said.text('asks') === 'none' ? 'ない' : 'ある'}送金を対象としています。この送金の支払いは${said.text('payments')}件です。${meets(holds)}`,
    amount: (said, holds) =>
      `対象となる金額は ${said.sats('amount')}で、条件は ${bounds(said, (name) => said.sats(name))}です。${meets(holds)}`,
    destinations: (said, holds) => {
      const asks = [
        ...(said.has('all')
          ? [`すべての支払いが${terms(said.items('all'))}へのものであること`]
          : []),
        ...(said.has('any')
          ? [`いずれかの支払いが${terms(said.items('any'))}へのものであること`]
          : []),
      ].join('、かつ');
      return `条件は、${asks}です。${meets(holds)}`;
    },
    outputs: (said, holds) => {
      const asks = [
        ...(said.has('any') ? [`${outputs(said.items('any'))}を含むこと`] : []),
        ...(said.has('above') || said.has('atMost')
          ? [`支払いの件数が${bounds(said, (name) => `${said.text(name)}件`)}であること`]
          : []),
      ].join('、かつ');
      const found = said.items('found');
      const strange = found.length === 0 ? '' : `${outputs(found)}を含みます。`;
      return `この送金の支払いは${said.text('payments')}件です。${strange}条件は、${asks}です。${meets(holds)}`;
    },
    initiator: (said, holds) => {
      const groups = said.items('groups');
      const stands = groups.length === 0 ? '所属グループなし' : `所属：${groups.join('、')}`;
      return `申請者は ${said.text('initiator')}（${stands}）で、条件は申請者が ${initiators(said.items('any'))}であることです。${meets(holds)}`;
    },
    hours: (said, holds) => {
      const spans = said.items('spans').map(inDays).join('、');
      const is = said.text('is') === 'within' ? '内' : '外';
      return `現地時刻は${inDays(said.text('local')).replace(' ', '曜日 ')}で、条件は時間帯（${spans}）の${is}であることです。${meets(holds)}`;
    },
    reference: (said, holds) =>
      `このルールは参照番号の${said.text('asks') === 'present' ? 'ある' : 'ない'}送金を対象としています。この送金には参照番号が${said.fact('present') === true ? 'あります' : 'ありません'}。${meets(holds)}`,
  },
  limit: limitSentences,
  met: (rule) => `ルール「${rule}」が求める承認はそろいました。`,
  filled: (rule, { from, atLeast, kinds, who }) =>
    `ルール「${rule}」は、${from} の承認を${atLeast}名分求めています。${by(kinds)}${who.length === 0 ? 'まだ誰も承認していません。' : `${who.join('、')} が承認しました。`}`,
  missing: (rule, { from, count, kinds, may: people }) =>
    `ルール「${rule}」には、${from} の承認があと${count}名分必要です。${by(kinds)}${may(people)}`,
  approval: ({ member, device, until, why }, said) => {
    const which = device === null ? '' : `（端末 ${device}）`;
    const end = until === null ? '' : `この承認の有効期限は${said.time('until')}です。`;
    if (why === null) return `${member} の承認${which}は有効です。${end}`;
    const cause = japanese.uncounted[why];
    return `${member} の承認${which}は数えられません。${cause}ためです。${end}`;
  },
  screening: screeningSentences,
  uncounted: {
    'approval.initiator':
      '自ら申請した送金であるか、自らが運用するサービスアカウントの送金であるか、承認者が人ではない',
    'signer.pending': '署名者がまだ確認していない',
    'member.unknown': 'すでにメンバーではない',
    'member.suspended': '権限が停止されている',
    'device.unknown': '端末の登録が抹消されている',
    'device.suspended': '端末が停止されている',
    'device.unconfirmed': '端末が憲章への登録をまだ確認していない',
  },
  delay: (length) => `承認がそろってから、${length}待機します。`,
  quorumAt: (time) => `承認は${time}にそろいました。`,
  notBefore: (time) => `署名は最も早くて${time}です。`,
  signBy: (time) => `この承認で署名できるのは${time}までです。`,
};

/** Which outputs, and what the service calls the cases. */
function cases(said: Said): string {
  const [outputs, references] = [said.items('outputs'), said.items('references')];
  const told = [
    ...(outputs.length === 0 ? [] : [`出力 ${outputs.join('、')}`]),
    ...(references.length === 0 ? [] : [`案件 ${references.join('、')}`]),
  ];
  return told.length === 0 ? '' : `（${told.join('、')}）`;
}

const answers = {
  clear: '問題なしとされています',
  hold: '保留されています',
  deny: '拒否されています',
} as const;

function screeningSentences(trace: ScreeningTrace, said: Said): readonly string[] {
  const { required, answer, at, destinations } = trace;
  const when = at === null ? '' : `（${said.time('at')}から）`;
  return [
    ...(required
      ? ['このポリシーは、すべての宛先についてスクリーニングサービスの確認を求めています。']
      : []),
    ...(answer === null
      ? []
      : [`この送金は、スクリーニングサービスにより${answers[answer]}${when}。`]),
    ...destinations.map(({ output, answer: one, reference }) => {
      const named = reference === null ? '' : `（案件 ${reference}）`;
      return `出力 ${String(output)} は${answers[one]}${named}。`;
    }),
  ];
}

const days = { mon: '月', tue: '火', wed: '水', thu: '木', fri: '金', sat: '土', sun: '日' };

const documents: Readonly<Record<string, string>> = {
  charter: '憲章',
  wallet: 'ウォレット文書',
  policy: 'ポリシー',
  destinations: 'アドレス帳',
};

const units = [
  [86_400, '日間'],
  [3_600, '時間'],
  [60, '分間'],
  [1, '秒間'],
] as const;

/** Exactly, in the largest unit that divides it more than once: 24時間, 7日間, 90秒間. */
function inWords(seconds: number): string {
  for (const [size, unit] of units)
    if (seconds > size && seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}秒間`;
}

/** `mon tue 09:00-18:00` with the days in Japanese. */
function inDays(text: string): string {
  return text
    .replace(/\b(mon|tue|wed|thu|fri|sat|sun)\b/g, (day) => days[day as keyof typeof days])
    .replace(/(?<=[月火水木金土日]) (?=[月火水木金土日])/g, '・');
}

function meets(holds: 'holds' | 'fails'): string {
  return holds === 'holds' ? '条件を満たします。' : '条件を満たしません。';
}

function bounds(said: Said, write: (name: string) => string): string {
  return [
    ...(said.has('above') ? [`${write('above')} 超`] : []),
    ...(said.has('atMost') ? [`${write('atMost')} 以下`] : []),
  ].join('、');
}

/** `2 of treasury`, as the facts have it. */
function lacking(text: string): string {
  const [, count = '', group = ''] = /^(\d+) of (.*)$/.exec(text) ?? [];
  return group === '' ? text : `${group} から${count}名`;
}

function may(people: readonly string[]): string {
  return people.length === 0
    ? '承認できる人が残っていません。'
    : `承認できるのは ${people.join('、')} です。`;
}

const kindNames: Readonly<Record<string, string>> = {
  secp256k1: '端末の鍵（secp256k1）',
  webauthn: 'パスキー（webauthn）',
  message: 'ハードウェアウォレットのメッセージ署名（message）',
  psbt: 'ハードウェアウォレットのPSBT署名（psbt）',
};

function by(kinds: readonly string[] | null): string {
  if (kinds === null) return '';
  return `承認方法は${kinds.map((kind) => kindNames[kind] ?? kind).join('または')}に限ります。`;
}

function terms(all: readonly string[]): string {
  return all
    .map((term) => {
      if (term === 'listed') return 'アドレス帳に登録済みの宛先';
      if (term === 'unlisted') return '未登録の宛先';
      const value = term.slice(term.indexOf(':') + 1);
      return term.startsWith('tag:') ? `タグ「${value}」の付いた宛先` : `「${value}」の宛先`;
    })
    .join('または');
}

function initiators(all: readonly string[]): string {
  return all
    .map((term) => {
      const id = term.slice(term.indexOf(':') + 1);
      return term.startsWith('member:') ? `${id} 本人` : `グループ ${id} のメンバー`;
    })
    .join('または');
}

const outputNames: Readonly<Record<string, string>> = {
  'data-value': 'データに埋め込まれて失われる金額（data-value）',
  'witness-unknown': '未知のウィットネスバージョン宛ての出力（witness-unknown）',
  'zero-value': '0 sat の出力（zero-value）',
};

function outputs(kinds: readonly string[]): string {
  return kinds.map((kind) => outputNames[kind] ?? kind).join('または');
}

function limitSentence(said: Said): string {
  const [most, spent, reserved, asked] = amounts(said, ['most', 'spent', 'reserved', 'asked']);
  const end = said.has('fitsAt')
    ? `時間の経過により、${said.time('fitsAt')}以降は上限に収まります。`
    : '時間が経過するだけでは、上限に収まりません。';
  return `${limitName(said, said.text('limit'))}は ${most}です。使用済みが ${spent}、予約済みが ${reserved}、この送金の分が ${asked}のため、超過します。${end}`;
}

function feeSentence(said: Said): string {
  const fee = `手数料 ${said.sats('fee')}`;
  switch (said.text('cap')) {
    case 'rate':
      return `${fee}は、${said.text('vbytes')} vbyte に対する手数料率の上限（${said.text('most')} sat/vB）を超えています。`;
    case 'self':
      return `${fee}は、支払いのない送金に認められる上限（${said.sats('most')}）を超えています。`;
    default:
      return `${fee}は、支払い合計 ${said.sats('amount')} に対する割合の上限（1000分の${said.text('most')}）を超えています。`;
  }
}

/** In the measure of the limit. */
function amounts(said: Said, names: readonly string[]): readonly string[] {
  return names.map((name) =>
    said.text('measure') === 'count' ? japanese.spends(said.number(name)) : said.sats(name),
  );
}

function limitName(said: Said, name: string): string {
  const measures: Readonly<Record<string, string>> = { fee: '手数料', count: '件数' };
  const measure = measures[said.text('measure')] ?? '金額';
  const window = said.has('windowSeconds')
    ? `直近${said.duration('windowSeconds')}`
    : '1回の送金につき';
  return `上限「${name}」（${scope(said)}、${window}、${measure}）`;
}

function scope(said: Said): string {
  switch (said.text('of')) {
    case 'destination':
      return said.has('key') ? `${said.text('key')} 宛て` : '未登録の宛先の合計';
    case 'initiator':
      return `申請者 ${said.text('key')}`;
    case 'organisation':
      return '組織全体のうち当ウォレットの枠';
    default:
      return 'ウォレット全体';
  }
}

function limitSentences(limit: LimitExplanation, said: Said): readonly string[] {
  const [most, spent, reserved, free, asked] =
    limit.measure === 'count'
      ? [
          limit.mostCount,
          limit.spentCount,
          limit.reservedCount,
          limit.freeCount,
          limit.askedCount,
        ].map(japanese.spends)
      : [limit.mostSats, limit.spentSats, limit.reservedSats, limit.freeSats, limit.askedSats].map(
          formatSats,
        );
  return [
    `${limitName(said, limit.name)}は ${most}です。使用済みは ${spent}、予約済みは ${reserved}、残りは ${free}です。`,
    `この送金の分は ${asked}で、上限に${limit.fits ? '収まります' : '収まりません'}。`,
    ...(limit.freesAt === null ? [] : [`次に枠が空くのは${said.time('freesAt')}です。`]),
  ];
}
