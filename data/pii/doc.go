// Package pii finds personal data in text and masks it: e-mail and IP addresses,
// telephone numbers, identity numbers of the mainland, Hong Kong and Taiwan, keys and
// tokens; bank cards and accounts, company codes, vehicle plates, passports, QQ and
// WeChat names, addresses of devices where asked for.
//
// # Method
//
// One pass looks at each byte through a table; a few bytes (@, a digit, a colon,
// a quote, some capitals) start a scanner written for one kind. Matches are byte
// ranges that begin and end between characters. Where two overlap, the kind that
// stands first in the list of [Kind] wins, then the one that begins first.
//
// Scanners prefer to miss something over masking what is no personal data: a
// number must not touch letters, digits, an underscore or a decimal point, so
// parts of hashes, ISBNs, prices and identifiers do not count.
//
//   - email: dot-atom of letters, digits and ._%+'- before the @, a domain of two
//     labels or more whose last is of letters. Reserved domains (RFC 2606:
//     example.com, .test, .invalid ...), git@host:path and file names such as
//     icon@2x.png do not count, nor does what stands before the host of a URL.
//   - ip: four decimal octets, or the text forms of IPv6. Quads of numbers all
//     below 32 (section numbers, versions) count only behind a word such as IP,
//     host or 地址 or "://"; a quad that touches a letter (v1.2.3.4), more digits or
//     a hyphen, or stands behind version, release or 版本, does not count. By
//     default addresses of the special-purpose registries of IANA (private,
//     loopback, documentation, multicast ...) do not count either.
//   - phone: Chinese mobile numbers (1[3-9] and nine digits, also with +86 or 0086,
//     also cut 3-4-4 by hyphens, or by blanks behind a word such as 电话 or the
//     country code), Chinese landlines with area code and separator, +CC numbers of
//     8 to 15 digits with an assigned country code, and North American numbers
//     cut 3-3-4. Numbers behind 订单, 编号, order, id or the like, in URLs, and sizes
//     in bytes (multiples of 4096) do not count, nor do 400 and 800 service lines.
//   - id_card: 18 characters by GB 11643: province, date from 1900 to 2099, check
//     character by ISO 7064 MOD 11-2; with id_card_15 the old form of 15 digits too.
//   - secret: keys with a prefix of their own (AWS, Aliyun LTAI, Tencent Cloud AKID,
//     Volcengine AKLT, Baidu ALTAK-, Google, GitHub, GitLab, npm, PyPI, Docker,
//     Hugging Face, OpenAI and Anthropic and those that follow them, Groq, xAI,
//     Stripe's live keys, SendGrid, Twilio, Slack, DigitalOcean, Shopify and more: the
//     table keyFormats), the tokens of Telegram's bots, account keys and shared access
//     signatures of Azure, addresses of webhooks (Slack, Discord, DingTalk, Feishu and
//     Lark, WeCom), passwords in URLs, JSON web tokens and others behind Bearer, PEM
//     private keys, and values of
//     names such as api_key, token or password: quoted ones of 16 characters or more,
//     and unquoted ones of 20 or more behind = with nothing behind them, which have a
//     letter, a digit and 3.5 bits of entropy per character. What reads as a
//     placeholder (example, your_, rows that count up), Stripe's test keys, and keys
//     that documentation prints for everybody do not count.
//   - credit_code: the 18 characters by GB 32100 with both check characters.
//   - hk_id: a letter or two, six digits and the check character, in parentheses or
//     behind a word; tw_id: a letter and nine digits with a right check digit, behind
//     a word such as 身分證 on the same line.
//   - iban: country, length and remainder 1 by ISO 13616; mac: six pairs with : or -,
//     no group addresses, no examples; imei: 15 digits with a right Luhn digit behind
//     a word.
//   - bank_card: 13 to 19 digits of a known brand with a right Luhn digit.
//   - plate: a province character and a mainland vehicle plate behind it.
//   - passport, qq, wechat: only behind a word that says so.
//
// # Masking
//
// Replacements are typed placeholders such as <|email|>: they cannot belong to
// anyone and can be found and exchanged later. "realistic" gives values that are
// reserved for examples instead, always the same one: a value drawn from a list
// in turn, as some pipelines do, makes the result depend on what came before.
// Masking what is masked changes nothing.
package pii
