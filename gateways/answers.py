"""What the words of a text message ask of us, beyond the one word that Twilio obeys by itself. Pure.

A wish counts however it is worded (47 CFR 64.1200(a)(10): by any reasonable means). A sentence is one when it says
nothing else: "please stop texting me", but not "please stop my subscription". Who asks states nothing: a question may
ask us to stop, but says nothing of whose number it is, or of the person.
"""

import re
import unicodedata
from typing import NamedTuple

from gateways.provider_facts import Wish

_Phrase = tuple[str, ...]
_LONGEST = 1600
"""No text message is longer."""
_STOP_SIGN = "\U0001f6d1"
_QUESTION_MARKS = "?？﹖⁇⁈⁉‽؟❓❔"
_ENDS = rf".!;\n\r。！{_QUESTION_MARKS}"
_SENTENCE = re.compile(rf"(?P<words>[^{_ENDS}]+)[{_ENDS}]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What Twilio itself obeys (its documentation of default and advanced opt-out), alone in a message.
_ALONE = {
    Wish.STOP: "stop stopall unsubscribe cancel end quit revoke optout stop2end stop2quit stopp stoppen abmelden arret "
    "baja alto basta parar para pare cancelar detener sair 停止 解除 ยกเลิก",
    Wish.START: "start unstop",
    Wish.YES: "yes",
    Wish.HELP: "help info aide hilfe ayuda ajuda ヘルプ ช่วยเหลือ",
}
# In any sentence of a message, beside words that add nothing.
_PHRASES = {
    Wish.WRONG_NUMBER: (
        "wrong number, wrong person, falsche nummer, falsche person, mauvais numero, faux numero, "
        "erreur de numero, trompez de numero, vous vous trompez de numero, mauvaise personne, "
        "trompez de personne, vous vous trompez de personne, numero equivocado, "
        "equivoco de numero, persona equivocada, numero errado, pessoa errada, foi engano, 番号違い, "
        "番号違いです, 番号間違い, 番号が違います, 人違い, 人違いです, ผิดเบอร์, เบอร์ผิด, ส่งผิดเบอร์, โทรผิด, ผิดคน"
    ),
    Wish.STOP: (
        "stop, stop to end, stop to quit, stopall, unsubscribe, optout, opt out, opt me out, remove me, "
        "remove my number, take me off, quit texting, cancel texts, cancel messages, end texts, "
        "end messages, do not text, do not contact, do not message, do not write, dont text, "
        "dont contact, dont message, dont write, no more texts, no more messages, no more sms, "
        "leave me alone, stopp, abmelden, abbestellen, aufhoren, horen sie auf, hort auf, "
        "keine sms mehr, keine nachrichten mehr, keine weiteren sms, keine weiteren nachrichten, "
        "lassen sie mich in ruhe, nicht mehr anschreiben, "
        "nicht mehr schreiben, schreiben sie mir nicht mehr, schreibt mir nicht mehr, arret, arreter, arretez, "
        "desabonner, desabonnez, desinscrire, desinscrivez, stop sms, plus de sms, plus de messages, "
        "laissez moi tranquille, ne mecrivez plus, "
        "ne plus mecrire, no mas mensajes, no mas sms, no quiero mas mensajes, no me manden mas mensajes, "
        "no me escriban, no me escriba, "
        "dejen de escribirme, darme de baja, descadastrar, nao quero mais mensagens, nao quero mais receber mensagens, "
        "parem de me mandar mensagens, pare de me mandar mensagens, nao me mandem mais mensagens, "
        "nao me mande mais mensagens, 配信停止, 配信解除, 停止してください, 配信を停止してください, "
        "配信を止めてください, もう送らないで, もう送らないでください, やめて, やめてください, "
        "送らないで, 送らないでください, หยุด, หยุดส่ง, "
        "หยุดส่งมา, หยุดส่งข้อความ, เลิกส่ง, เลิกส่งข้อความ, ไม่ต้องส่ง, ไม่ต้องส่งมา, ไม่ต้องส่งมาอีก, "
        "ไม่ต้องส่งข้อความ, ไม่รับข้อความ, ไม่ต้องการรับข้อความ, ห้ามส่ง, อย่าส่งมาอีก, ยกเลิกข้อความ"
    ),
    Wish.NO_CALLS: (
        "do not call, do not phone, do not ring, dont call, dont phone, dont ring, never call, no calls, "
        "no phone calls, no more calls, no more phone calls, stop calling, stop phoning, stop ringing, stop call, "
        "stop calls, stop all calls, stop the calls, stop your calls, stop these calls, quit calling, cancel calls, "
        "end calls, nicht anrufen, nicht mehr anrufen, rufen sie mich nicht an, rufen sie mich nicht mehr an, "
        "rufen sie mich bitte nicht an, rufen sie mich bitte nicht mehr an, rufen sie mich nie wieder an, "
        "rufen sie nicht an, rufen sie nicht mehr an, rufen sie hier nicht mehr an, ruft mich nicht an, "
        "ruft mich nicht mehr an, keine anrufe, keine anrufe mehr, keine weiteren anrufe, ich mochte keine anrufe, "
        "ich mochte keine anrufe mehr, ich will keine anrufe, ich will keine anrufe mehr, ich wunsche keine anrufe, "
        "ich wunsche keine anrufe mehr, ich mochte nicht angerufen werden, ich mochte nicht mehr angerufen werden, "
        "ich will nicht angerufen werden, ich will nicht mehr angerufen werden, horen sie auf anzurufen, "
        "horen sie auf mich anzurufen, ne mappelez plus, ne mappelez pas, ne me telephonez plus, ne me telephonez pas, "
        "nappelez plus, nappelez pas, mappelez plus, de ne plus mappeler, de ne pas mappeler, ne plus mappeler, "
        "ne pas mappeler, plus dappels, plus dappel, plus aucun appel, pas dappels, pas dappel, aucun appel, "
        "arretez de mappeler, arretez les appels, cessez de mappeler, cessez les appels, stop appels, stop aux appels, "
        "je ne veux plus dappels, je ne veux pas dappels, je ne veux plus etre appele, je ne veux plus etre appelee, "
        "no me llamen, no me llame, no me llames, no llamen, no llame, no mas llamadas, sin llamadas, "
        "basta de llamadas, no quiero llamadas, no quiero mas llamadas, no quiero recibir llamadas, "
        "no quiero recibir mas llamadas, no deseo llamadas, no deseo recibir llamadas, no quiero que me llamen, "
        "dejen de llamarme, deje de llamarme, dejen de llamar, no vuelvan a llamarme, no vuelvan a llamar, "
        "no vuelva a llamarme, no vuelva a llamar, nao me ligue, nao me ligue mais, nao me liguem, nao me liguem mais, "
        "nao me ligue nunca mais, nao me liguem nunca mais, nao ligue, nao ligue mais, nao liguem, nao liguem mais, "
        "nao me telefone, nao me telefonem, nao quero ligacoes, nao quero mais ligacoes, nao quero receber ligacoes, "
        "nao quero mais receber ligacoes, nao quero que me liguem, nao quero que liguem, parem de me ligar, "
        "pare de me ligar, parem de ligar, pare de ligar, chega de ligacoes, sem ligacoes, sem mais ligacoes, "
        "電話しないで, 電話しないでください, もう電話しないで, もう電話しないでください, 電話をしないでください, "
        "電話はしないでください, 電話はやめて, 電話はやめてください, 電話をやめてください, 電話やめてください, "
        "もう電話はやめてください, 電話をかけないで, 電話をかけないでください, もう電話をかけないでください, "
        "電話をかけてこないで, 電話をかけてこないでください, 電話してこないで, 電話してこないでください, "
        "電話は不要です, 電話不要, 電話はいりません, 電話はお控えください, お電話はお控えください, "
        "電話はご遠慮ください, お電話はご遠慮ください, หยุดโทร, หยุดโทรมา, หยุดโทรหา, หยุดโทรหาฉัน, หยุดโทรหาผม, เลิกโทร, "
        "เลิกโทรมา, เลิกโทรหา, อย่าโทร, อย่าโทรมา, อย่าโทรมาอีก, อย่าโทรหา, อย่าโทรหาฉัน, อย่าโทรหาผม, ไม่ต้องโทร, ไม่ต้องโทรมา, "
        "ไม่ต้องโทรมาอีก, ไม่ต้องโทรมาแล้ว, ไม่ต้องโทรแล้ว, ไม่ต้องโทรหา, ห้ามโทร, ห้ามโทรมา, ห้ามโทรมาอีก, งดโทร"
    ),
}
# Beside what is said of one of them, the other as well: "stop texting and calling me", but not "do not call, text me".
_AS_WELL = {
    Wish.STOP: (
        "or text, or message, or write, and texting, or texting, and messaging, or messaging, and texts, or texts, "
        "and messages, or messages, and sms, or sms, und keine sms, und sms, oder sms, "
        "und nachrichten, oder nachrichten, und schreiben, oder schreiben, ni de sms, ni sms, et sms, et les sms, "
        "ni mensajes, y mensajes, ni me escriban, ni me escriba, nem mensagens, e mensagens"
    ),
    Wish.NO_CALLS: (
        "or call, and calling, or calling, and calls, or calls, or phone, and phoning, und keine anrufe, und anrufe, "
        "oder anrufe, und anrufen, oder anrufen, ni dappels, ni appels, et appels, et les appels, ni llamadas, "
        "y llamadas, ni me llamen, ni me llame, nem ligacoes, e ligacoes"
    ),
}
# Alone in a message they may be about the subscription as well: somebody reads them, although they are obeyed.
_OF_THE_CONTRACT = "cancel, cancelar, end, baja, darme de baja, ยกเลิก, 解除"
_PLEASE = _words("please thanks por favor gracias obrigado obrigada")
# Our own question with what comes after it, sent back: no question of theirs.
_SENT_BACK = (
    "not for you please tell us, nicht fur sie bitte sagen sie es uns, pas pour vous merci de nous le dire, "
    "no es para usted avise por favor, veio por engano avise a gente"
)
# What somebody answers whom `sms.stranger` has asked ("Not for you? Please tell us."): in words of their own, or ours
# sent back. Fewer words may stand beside it: "not for me now" is no stranger's, and "is this not for me" asks.
_NOT_THEIRS = (
    "not for me, is not for me, its not for me, isnt for me, not meant for me, is not meant for me, isnt meant for me, "
    "not intended for me, is not intended for me, wasnt for me, wasnt meant for me, not me, is not me, its not me, "
    "isnt me, not my number, is not my number, isnt my number, nicht meine nummer, ist nicht meine nummer, "
    "pas mon numero, nest pas mon numero, no es mi numero, nao e meu numero, not mine, is not mine, its not mine, "
    "isnt mine, not for you, nicht fur mich, ist nicht fur mich, nicht fur mich bestimmt, ist nicht fur mich bestimmt, "
    "nicht an mich, bin ich nicht, ich bin das nicht, bin nicht ich, ich bin nicht gemeint, nicht meins, "
    "nicht meine rechnung, ist nicht meine rechnung, nicht fur sie, pas pour moi, nest pas pour moi, "
    "cest pas pour moi, ne mest pas destine, pas moi, nest pas moi, cest pas moi, nest pas a moi, pas a moi, "
    "pas pour vous, no es para mi, no era para mi, no son para mi, no soy yo, no soy esa persona, no es mio, "
    "no es mia, no es para usted, nao e para mim, nao e pra mim, nao era para mim, nao sou eu, nao sou essa pessoa, "
    "nao e meu, nao e minha, nao e comigo, veio por engano, recebi por engano, chegou por engano, por engano, "
    "e engano, engano, 心当たりない, 心当たりないです, 心当たりがない, 心当たりがないです, 心当たりがありません, "
    "心当たりはありません, 心当たりありません, 心当たりございません, 心当たりがございません, 心当たりはございません, "
    "心当たりがないのですが, 心当たりがありませんが, 心当たりがないんですが, 全く心当たりがありません, "
    "まったく心当たりがありません, このメッセージに心当たりがありません, お心当たりがない, 身に覚えがありません, "
    "身に覚えがない, 身に覚えがないです, 身に覚えがないのですが, 私ではありません, 私じゃありません, 私じゃないです, "
    "私宛ではありません, 私宛てではありません, ไม่ใช่ของฉัน, ไม่ใช่ของผม, ไม่ใช่ของดิฉัน, ไม่ใช่ของเรา, ไม่ใช่ของหนู, อันนี้ไม่ใช่ของฉัน, "
    "อันนี้ไม่ใช่ของผม, ข้อความนี้ไม่ใช่ของฉัน, ข้อความนี้ไม่ใช่ของผม, ข้อความนี้ไม่ใช่ของดิฉัน, ไม่ใช่ฉัน, ไม่ใช่ผม, ไม่ใช่ดิฉัน, ไม่ได้ส่งถึงฉัน, "
    "ไม่ได้ส่งถึงผม, ไม่ใช่ของท่าน, หากไม่ใช่ของท่าน"
)
_BESIDE_NOT_THEIRS = _words(
    "hi hello hey dear good morning afternoon evening day sorry please pls thanks thank you no it this that message "
    "text sms im afraid i think your hallo guten tag morgen abend moin nein das dies diese nachricht ich glaube "
    "leider entschuldigung bitte danke die es bonjour bonsoir salut madame monsieur non ce ceci cela message desole "
    "desolee pardon merci hola buenos buenas dias tardes noches no esto este esta mensaje perdon disculpe disculpa "
    "lo siento gracias por favor ola oi bom boa dia tarde noite nao isso isto essa mensagem desculpe desculpa "
    "obrigado obrigada すみません すいません こんにちは 申し訳ありません 申し訳ございません いいえ สวัสดี ขอโทษ ไม่"
)
# What is said of the person, beside words that say of whom: "my dog has died" is none.
_OF_THE_PERSON = {
    Wish.BANKRUPTCY: (
        "bankrupt, bankruptcy, filed for bankruptcy, in bankruptcy, declared bankruptcy, chapter 7 bankruptcy, "
        "chapter 13 bankruptcy, privatinsolvenz, in privatinsolvenz, in insolvenz, insolvenz angemeldet, "
        "insolvenzverfahren, faillite personnelle, en faillite, bancarrota, en bancarrota, en concurso de acreedores, "
        "falencia, em falencia, 自己破産, 自己破産しました, 破産しました, ล้มละลาย, ล้มละลายแล้ว"
    ),
    Wish.DECEASED: (
        "deceased, died, has died, is dead, passed away, has passed away, verstorben, gestorben, ist tot, decede, "
        "decedee, est mort, est morte, fallecido, fallecida, ha fallecido, ha muerto, murio, fallecio, faleceu, "
        "morreu, 亡くなりました, "
        "死亡しました, 死去しました, เสียชีวิต, เสียชีวิตแล้ว"
    ),
    Wish.REPRESENTED: (
        "contact my lawyer, contact my attorney, talk to my lawyer, talk to my attorney, speak to my lawyer, "
        "represented by a lawyer, represented by an attorney, represented by counsel, an meinen anwalt, "
        "anwaltlich vertreten, contactez mon avocat, hable con mi abogado, contacte a mi abogado, "
        "fale com meu advogado, 弁護士に連絡してください, ติดต่อทนายของฉัน"
    ),
    Wish.ERASURE: (
        "delete my data, erase my data, delete all my data, erase all my data, delete my personal data, "
        "erase my personal data, loschen sie meine daten, meine daten loschen, supprimez mes donnees, "
        "effacez mes donnees, borren mis datos, borre mis datos, eliminen mis datos, apaguem meus dados, "
        "apague meus dados, exclua meus dados, 個人情報を削除してください, ลบข้อมูลของฉัน"
    ),
}
_SAYS_OF_WHOM = _words(
    "i im am is are was the customer subscriber person account holder owner he she his her my our husband wife "
    "mother father partner son daughter brother sister mr mrs ms have has we hello hi sorry please now just ich bin "
    "habe er sie ist hat mein meine mann frau vater mutter kunde kundin der die das bitte wenden sich leider il "
    "elle est a mon ma mari femme pere mere client je suis el ella es esta mi esposo esposa padre madre cliente "
    "estoy he por favor ele ela meu minha marido esposa pai mae esta estou"
)
_ADDS_NOTHING = _words(
    "a all again any anymore at calling calls contacting everything for from hello hi i immediately is it just "
    "kindly list me message messages messaging more my no now of off ok okay once please pls plz reply right "
    "sending sms sorry text texting texts thank thanks that the them these this those to u us ur you your have "
    "has got youve u've ive think and bitte danke mir mich mehr sofort jetzt hier ist sind das die der sie "
    "entschuldigung desole desolee perdon desculpe haben merci svp sil vous plait moi mas por favor ya gracias "
    "los mensajes escribir mensagens obrigado number phone cell line mobile nummer numero telefono telefone "
    "obrigada se vou instead only"
)
# Why somebody cannot be called.
_CANNOT_HEAR = (
    "am im deaf hearing impaired ich bin gehorlos taub je suis sourd sourde soy sordo sorda sou surdo surda "
    "耳が聞こえません 耳が聞こえないので 耳が不自由なので หูหนวก ผมหูหนวก ฉันหูหนวก ดิฉันหูหนวก"
)
# Written without blanks, a polite word stands before or after: "please stop", in Thai and Japanese.
_POLITE = re.compile("^(กรุณา|โปรด|ช่วย)|(นะ)?(ครับ|คับ|ค่ะ|คะ|ค้ะ|จ้า)$|^どうか|(お願いします)$")


def wish_of(words: str) -> Wish | None:
    """What the message as a whole asks for; None where it asks for nothing of this kind."""
    sentences = _sentences(words[:_LONGEST])
    whole = [token for sentence in sentences for token in sentence.tokens]
    for wish, alone in _KEYWORDS.items():
        if whole and all(token in alone for token in whole):
            return wish
    said = {wish for sentence in sentences for wish in _wishes(sentence)}
    if said:
        return next(wish for wish, needs in _STRONGEST.items() if needs <= said)
    return next((wish for wish, said in _SAID_OF.items() if _all_say(sentences, said, wish)), None)


def may_end_the_contract(words: str) -> bool:
    """Whether what is obeyed as a STOP may have been meant for the subscription."""
    said = [_said(sentence.tokens, _CONTRACT, _PLEASE) for sentence in _sentences(words[:_LONGEST])]
    return bool(said) and all(said)


class _Sentence(NamedTuple):
    tokens: list[str]
    asks: bool


def _sentences(text: str) -> list[_Sentence]:
    """The sentences that have words, each with whether it is a question."""
    found = [
        _Sentence(tokens, asks=any(sign in f"¿{_QUESTION_MARKS}" for sign in said[0]))
        for said in _SENTENCE.finditer(text)
        if (tokens := _tokens(said["words"]))
    ]
    return [
        sentence._replace(asks=sentence.asks and (*sentence.tokens, *_after(found, place)) not in _OURS_SENT_BACK)
        for place, sentence in enumerate(found)
    ]


def _after(sentences: list[_Sentence], place: int) -> list[str]:
    return sentences[place + 1].tokens if place + 1 < len(sentences) else []


def _wishes(sentence: _Sentence) -> set[Wish]:
    """What one sentence asks for: "not for me, stop texting me" both."""
    tokens = sentence.tokens
    stated = set[Wish]() if sentence.asks else {Wish.WRONG_NUMBER}
    if _said(tokens, _NOT_MINE, _BESIDE_NOT_MINE):
        return stated
    said = _said(tokens, _ANY_SAYING, _BESIDE)
    if not said & _ANY_WISH:
        return set()
    wishes = {wish for table in (_SAYINGS, _WELL) for wish, phrases in table.items() if said & phrases}
    return wishes - {Wish.WRONG_NUMBER} | (stated if said & (_SAYINGS[Wish.WRONG_NUMBER] | _NOT_MINE) else set())


def _all_say(sentences: list[_Sentence], phrases: frozenset[_Phrase], wish: Wish) -> bool:
    """Whether the whole message says this of the person, and nothing else: only then there is no doubt."""
    is_asked_for = wish is Wish.ERASURE
    return bool(sentences) and all(
        (is_asked_for or not sentence.asks) and _said(sentence.tokens, phrases, _SAYS_OF_WHOM) for sentence in sentences
    )


def _tokens(text: str) -> list[str]:
    """Words without case, accents and width; signs and pictures are none."""
    plain = text.replace(_STOP_SIGN, " stop ").replace("'", "").replace("\u2019", "")
    plain = unicodedata.normalize("NFKD", plain).casefold()
    kept = "".join(_sign(sign) for sign in plain)
    return [word for token in kept.split() if (word := _polite_off(token))]


def _sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Mn", "Cf"):  # an accent; what shows nothing
        return ""
    return sign if kind[0] in "LN" or kind in ("Mc", "Lm") else " "


def _polite_off(token: str) -> str:
    return token if token.isascii() else _POLITE_PLAIN.sub("", token)


def _said(tokens: list[str], phrases: frozenset[_Phrase], adds_nothing: frozenset[str]) -> set[_Phrase]:
    """The phrases that the sentence is made of; none where it has words beside that add something."""
    place, found = 0, set[_Phrase]()
    while place < len(tokens):
        here = (tuple(tokens[place : place + n]) for n in range(_MOST_WORDS, 0, -1))
        phrase = next((words for words in here if words in phrases), ())
        if not phrase and tokens[place] not in adds_nothing:
            return set()
        found |= {phrase} - {()}
        place += len(phrase) or 1
    return found


def _phrases(listed: str) -> frozenset[_Phrase]:
    return frozenset(tuple(_tokens(phrase)) for phrase in listed.split(","))


def _plain(pattern: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", pattern) if unicodedata.category(sign) != "Mn")


_POLITE_PLAIN = re.compile(_plain(_POLITE.pattern))
_KEYWORDS = {wish: frozenset(_tokens(words)) for wish, words in _ALONE.items()}
_SAYINGS, _WELL, _SAID_OF = (
    {wish: _phrases(listed) for wish, listed in table.items()} for table in (_PHRASES, _AS_WELL, _OF_THE_PERSON)
)
_CONTRACT = _phrases(_OF_THE_CONTRACT)
_NOT_MINE = _phrases(_NOT_THEIRS)
_OURS_SENT_BACK = _phrases(_SENT_BACK)
_BESIDE_NOT_MINE = frozenset(token for word in _BESIDE_NOT_THEIRS for token in _tokens(word))
_ANY_WISH = frozenset[_Phrase]().union(*_SAYINGS.values())
_ANY_SAYING = _ANY_WISH.union(_NOT_MINE, *_WELL.values())
_BESIDE = _ADDS_NOTHING | frozenset(_tokens(_CANNOT_HEAR))
_STRONGEST = {
    Wish.WRONG_NUMBER: {Wish.WRONG_NUMBER},
    Wish.NO_CONTACT: {Wish.STOP, Wish.NO_CALLS},
    Wish.STOP: {Wish.STOP},
    Wish.NO_CALLS: {Wish.NO_CALLS},
}
_MOST_WORDS = max(len(phrase) for phrases in (_ANY_SAYING, *_SAID_OF.values()) for phrase in phrases)
