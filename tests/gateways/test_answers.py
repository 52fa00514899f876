"""R38: how people say that they want no more text messages, and that it is somebody else's number."""

import pytest

from gateways.answers import may_end_the_contract, wish_of
from gateways.provider_facts import Wish
from tests.gateways.test_messages import LANGUAGES
from tests.gateways.test_ways_out import phrase

STOPS = (
    "STOP",
    "Stop.",
    "stop!!",
    "STOP STOP STOP",
    "“Stop”",
    "ＳＴＯＰ",
    "Stop\u200b",
    "🛑",
    "Stop 🛑🙏",
    "STOP ALL",
    "Opt out",
    "OPT-OUT",
    "Please stop",
    "stop please, thank you",
    "STOP texting me",
    "Reply STOP to end",
    "unsubscribe me",
    "Take me off your list",
    "Don’t text me any more",
    "do not contact me again",
    "No more messages!",
    "leave me alone",
    "I paid yesterday. Stop texting me.",
    "STOP\n\nSent from my iPhone",
    "Stop texting this number",
    "please stop sending to this phone",
    "cancel",
    "End.",
    "arrêt",
    "Arrêtez, s'il vous plaît",
    "ne m'écrivez plus",
    "Bitte keine SMS mehr",
    "Schreiben Sie mir nicht mehr!",
    "Abmelden",
    "¡BASTA!",
    "No me escriban más, por favor",
    "darme de baja",
    "SAIR",
    "não quero mais mensagens",
    "Lassen Sie mich in Ruhe!",
    "Laissez-moi tranquille",
    "No quiero más mensajes, gracias",
    "Parem de me mandar mensagens, por favor",
    "もう送らないでください",
    "停止。",
    "配信停止お願いします",
    "ยกเลิก",
    "หยุดส่งข้อความครับ",
    "กรุณาหยุดส่ง",
    "ไม่ต้องส่งมาอีกนะคะ",
)
OTHERS = (
    "",
    " ",
    "?",
    "👍",
    "I have paid yesterday",
    "please stop calling me names",
    "Don't stop",
    "Please stop my subscription",
    "Cancel my subscription",
    "cancel it please",
    "Is the list for me?",
    "Yes, I will pay on Friday",
    "Where do I stop the payment?",
    "We will be at the bus stop",
    "no",
    "para mi hijo",
    "หยุดงานวันนี้ จ่ายพรุ่งนี้",
    "stop " + "and pay " * 200,
)


@pytest.mark.parametrize("words", STOPS)
def test_somebody_who_wrote_more_than_one_word_was_texted_on(words: str) -> None:
    """`Opt out` and `Please stop` were answers like any other; the law asks for any reasonable means."""
    assert wish_of(words) is Wish.STOP


@pytest.mark.parametrize(
    "words",
    [
        "Please do not call me",
        "I am deaf. Do not call me.",
        "I'm deaf, don't call me",
        "no more calls please",
        "stop calling!! I paid yesterday. Stop calling!",
        "quit calling this number",
        "STOP ALL CALLS",
        "Don’t call me, text me instead",
        "Do not call. Text me please.",
        "Nicht anrufen!",
        "Bitte rufen Sie mich nicht mehr an",
        "Rufen Sie mich bitte nicht an, danke",
        "Ich bin gehörlos, bitte nicht anrufen",
        "Bitte keine Anrufe mehr",
        "Ne m'appelez plus, s'il vous plaît",
        "Merci de ne plus m’appeler",
        "Plus d'appels",
        "Arrêtez de m'appeler",
        "No me llamen más, por favor",
        "No me llame.",
        "Dejen de llamarme",
        "Soy sorda, no me llamen",
        "Não me liguem mais",
        "Por favor, não me ligue",
        "Não quero ligações",
        "電話しないでください",
        "もう電話はやめてください。",
        "耳が聞こえないので、電話しないでください",
        "หยุดโทรครับ",
        "อย่าโทรมาอีกนะคะ",
        "ไม่ต้องโทรมาค่ะ",
    ],
)
def test_who_names_calls_only_was_called_on_and_texted_no_more(words: str) -> None:
    """It was a STOP of texts, and the telephone stayed open."""
    assert wish_of(words) is Wish.NO_CALLS


@pytest.mark.parametrize(
    "words",
    [
        "stop texting and calling me",
        "Stop calling and texting me!",
        "Do not call or text me",
        "don't text or call me again",
        "no more calls or texts please",
        "STOP. Do not call me.",
        "Keine Anrufe und keine SMS mehr",
        "Plus d'appels ni de SMS",
        "No más llamadas ni mensajes",
        "No me llamen ni me escriban",
        "Não quero mais mensagens nem ligações",
        "หยุดโทร หยุดส่งข้อความ",
    ],
)
def test_who_wants_neither_calls_nor_texts_gets_neither(words: str) -> None:
    assert wish_of(words) is Wish.NO_CONTACT


@pytest.mark.parametrize(
    "words", ["Please call me", "Do not call me before six", "Call me, do not text me again", "I missed your call"]
)
def test_words_about_calls_that_say_something_else_close_no_telephone(words: str) -> None:
    assert wish_of(words) not in {Wish.NO_CALLS, Wish.NO_CONTACT}


@pytest.mark.parametrize("words", ["cancel", "CANCEL!", "Cancelar", "ยกเลิกค่ะ", "解除", "Baja", "darme de baja", "End."])
def test_a_bare_cancel_may_be_of_the_subscription(words: str) -> None:
    assert wish_of(words) is Wish.STOP
    assert may_end_the_contract(words)


@pytest.mark.parametrize("words", ["", "STOP", "stop texting me", "cancel messages", "Abmelden", "หยุด"])
def test_what_names_messages_is_of_no_subscription(words: str) -> None:
    assert not may_end_the_contract(words)


@pytest.mark.parametrize("words", OTHERS)
def test_an_answer_that_says_something_else_closes_nothing(words: str) -> None:
    assert wish_of(words) is None


@pytest.mark.parametrize(
    "words",
    [
        "Wrong number",
        "Sorry, you have the wrong number.",
        "Falsche Nummer!",
        "mauvais numéro",
        "Número equivocado",
        "Mauvaise personne, désolé",
        "persona equivocada",
        "Foi engano",
        "人違いです",
        "番号違いです",
        "ผิดเบอร์ค่ะ",
    ],
)
def test_a_stranger_who_said_so_was_told_of_a_debt_again(words: str) -> None:
    assert wish_of(words) is Wish.WRONG_NUMBER


@pytest.mark.parametrize(
    "words",
    [
        "Not for me",
        "NOT FOR ME!!!",
        "Hi, this is not for me 🙏",
        "it’s not for me. Thanks",
        "This message isn't meant for me",
        "Sorry, not me",
        "> Not for you? Please tell us.",
        "Not for me, stop texting me",
        "This is not for me, you have the wrong number",
        "This is not my number",
        "Das ist nicht meine Nummer",
        "wrong number, stop texting",
        "Guten Tag, das ist nicht für mich.",
        "Nein, bin ich nicht",
        "NICHT FÜR MICH",
        "Bonjour, ce n’est pas pour moi, merci",
        "c'est pas moi",
        "Hola, esto no es para mí, gracias",
        "¡No soy yo!",
        "Oi, não é pra mim",
        "Veio por engano",
        "Boa tarde. Recebi por engano",
        "すみません、心当たりがありません。",
        "心当たりがないのですが…",
        "心当たりない",
        "Das ist nicht meine Rechnung",
        "ไม่ใช่ของผมครับ",
        "สวัสดีค่ะ ไม่ใช่ของดิฉันค่ะ",
        "ขอโทษครับ ข้อความนี้ไม่ใช่ของผมนะครับ",
    ],
)
def test_who_is_asked_whether_it_is_for_them_is_understood(words: str) -> None:
    """Texts and chats end with `Not for you? Please tell us.`, and who told us so was written to again."""
    assert wish_of(words) is Wish.WRONG_NUMBER


@pytest.mark.parametrize(
    "words",
    [
        "It's not for me to say",
        "Is this not for me?",
        "Not for me now",
        "It is not for me, it is for my company",
        "The plan is not for me anymore",
        "If it is not for me, whose is it?",
        "Is it for me?",
        "This is for me",
        "Please call my husband, not me",
        "this invoice is not mine, I cancelled in May",
        "Ist das nicht für mich?",
        "Ist das nicht meine Rechnung?",
        "Das ist nicht meine Rechnung, ich habe im Mai gekündigt",
        "ไม่รู้จัก",
        "Das ist nicht für mich, sondern für meine Firma",
        "Ce n'est pas pour moi de décider",
        "No es para mí fácil pagar hoy",
        "Paguei por engano",
        "Não é para mim que você deve cobrar, é para a empresa",
        "この請求に心当たりがありません",
        "心当たりがあります",
        "ไม่ใช่ของผม ของบริษัท",
    ],
)
def test_words_like_a_strangers_that_say_something_else_close_nothing(words: str) -> None:
    assert wish_of(words) is None


@pytest.mark.parametrize(
    "words",
    [
        "Not for me?",
        "Is this not for me?",
        "Sorry, is not for me？",
        "Hi, this is not for me ?!",
        "Not for me\n?",
        "Wrong number?",
        "wrong person ⁉",
        "Nicht für mich?",
        "Das ist nicht für mich❓",
        "Falsche Nummer?",
        "Ce n'est pas pour moi ?",
        "Mauvais numéro ?",
        "¿No es para mí?",
        "¿Número equivocado",
        "Não é para mim?",
        "Veio por engano?",
        "心当たりがない？",
        "番号違いですか？",
        "私宛ではありませんか",
        "ไม่ใช่ของผม?",
        "ไม่ใช่ของผมใช่ไหมครับ",
        "ไม่ใช่ของผมหรือเปล่า",
        "deceased?",
        "Ist verstorben?",
        "en faillite ?",
    ],
)
def test_who_asks_says_nothing_of_whose_number_it_is(words: str) -> None:
    """It closed the channel for everybody who has the number."""
    assert wish_of(words) is None


@pytest.mark.parametrize("words", ["Stop?", "STOP texting me?", "停止？", "¿Baja?", "Not for me? Stop texting me."])
def test_a_stop_is_one_also_where_it_asks(words: str) -> None:
    assert wish_of(words) is Wish.STOP


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_question_sent_back_whole_is_a_strangers_answer(language: str) -> None:
    ours = phrase(language, "sms.stranger")

    assert ("?" not in ours) or wish_of(f"> {ours}") is Wish.WRONG_NUMBER


@pytest.mark.parametrize(
    ("words", "wish"), [("Start!", Wish.START), ("YES", Wish.YES), ("Hilfe", Wish.HELP), ("help?", Wish.HELP)]
)
def test_the_other_words_that_twilio_obeys(words: str, wish: Wish) -> None:
    assert wish_of(words) is wish


@pytest.mark.parametrize("words", ["start again from zero", "help me to pay", "yes please"])
def test_nothing_is_opened_by_a_word_among_others(words: str) -> None:
    assert wish_of(words) is None


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("I am bankrupt", Wish.BANKRUPTCY),
        ("I'm bankrupt.", Wish.BANKRUPTCY),
        ("We have filed for bankruptcy", Wish.BANKRUPTCY),
        ("Ich bin in Privatinsolvenz", Wish.BANKRUPTCY),
        ("ล้มละลายแล้วครับ", Wish.BANKRUPTCY),
        ("My husband has passed away.", Wish.DECEASED),
        ("Hello, the customer is deceased", Wish.DECEASED),
        ("Mein Vater ist verstorben", Wish.DECEASED),
        ("Il est décédé", Wish.DECEASED),
        ("Mi madre ha fallecido", Wish.DECEASED),
        ("亡くなりました。", Wish.DECEASED),
        ("Please contact my lawyer", Wish.REPRESENTED),
        ("I am represented by an attorney", Wish.REPRESENTED),
        ("Delete my data please", Wish.ERASURE),
        ("Bitte löschen Sie meine Daten", Wish.ERASURE),
    ],
)
def test_words_that_leave_no_doubt_protect_the_person(said: str, wish: Wish) -> None:
    assert wish is wish_of(said)


@pytest.mark.parametrize(
    "said",
    [
        "My dog has died",
        "my phone died",
        "I am not bankrupt",
        "I will be bankrupt if you go on",
        "You will make me bankrupt. I paid yesterday",
        "Is he dead?",
        "My lawyer says I need not pay",
        "delete my data from March",
        "ตายแล้ว",
    ],
)
def test_words_with_more_in_them_are_a_humans_to_read(said: str) -> None:
    assert wish_of(said) not in {Wish.BANKRUPTCY, Wish.DECEASED, Wish.REPRESENTED, Wish.ERASURE}
