"""What no draft may hold, as patterns made of families of words: orders, signatures, identifiers, instructions."""

from __future__ import annotations

import re
from typing import NamedTuple

from readingroom.agents.forbidden_words import (
    ACT,
    BE,
    BEGINS,
    CAN,
    CHECKER,
    CLEAR,
    DOCUMENT,
    DONE,
    DRUGS,
    MACHINE,
    NOT_PAST,
    ORDER,
    ORDERED,
    PERSON,
    VERDICT,
)
from readingroom.language.identifiers import IDENTIFIER


class Family(NamedTuple):
    """One thing that no draft may hold."""

    name: str
    stems: frozenset[str]
    """Beginnings of words, one of which stands in whatever the pattern finds: looked for first, since that is fast."""
    pattern: re.Pattern[str]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


INSTRUCTION = _any(
    r"\b(?:ignore|disregard|forget|override|neglect)\b.{0,30}\b(?:previous|prior|above|earlier|all|any|your|"
    r"the)\b.{0,20}"
    r"\b(?:instructions?|prompts?|rules?|text|messages?|guidelines?|constraints?|warnings?|polic(?:y|ies)|evidence)\b",
    r"\bsystem (?:prompt|message|instruction)|\b(?:your|new|hidden|following) (?:instructions?|prompt|guidelines)\b",
    rf"\byou are (?:now )?(?:an?|the) (?:helpful )?{MACHINE}\b|\bas an? {MACHINE},?\b|\blanguage model\b",
    r"<\s*/?\s*(?:system|script|assistant|user|\|)|\[/?inst\]|###\s*\w+|\bjailbreak|\bdeveloper mode|\bfrom now on\b",
    rf"^\W*(?:{MACHINE}|user|human|developer)\s*:|\bnote (?:to|for) (?:the |any )?{CHECKER}\b",
    r"\b(?:mark|report|label|treat|regard|accept|classify|tag|approve|count|declare|consider) (?:it|them|everything|"
    r"this|the|all|every|"
    r"each|any|these)(?: [\w']+){0,4} (?:as |to be )(?:normal(?! varia)|supported|verified|clean|final|trusted|true|"
    r"correct|valid|approved|"
    r"safe|confirmed|unremarkable)\b",
    rf"\b(?:state|say|write|claim|pretend|insist|report|confirm) that (?:the |this |all |no |every )*(?:{DOCUMENT}|"
    rf"images?|patient|lesion|scan)?"
    r"(?: \w+){0,3} (?:clean|normal|supported|verified|found)\b",
    rf"{BEGINS}(?:do not|don't|never) (?:run|perform|apply|do|follow|use|believe|trust|flag|mark|strike|report|"
    rf"mention|check|verify|tell|reveal|raise|warn|list|question|alter)\b",
    r"\b(?:skip|bypass|disable|turn off|switch off|suspend|circumvent|deactivate|suppress)\b(?: (?:the|all|any|"
    r"this|every|your))?"
    r"(?: \w+){0,2} (?:verif\w+|check\w*|warnings?|rules?|filters?|safety|guard\w*|gate|alarms?|flags?|reviews?|"
    r"validation|problems?|errors?)\b",
    rf"{BEGINS}(?:set|raise|change|force|assign|overwrite|lower)\b.{{0,40}}\b(?:confidence|certainty|scores?|"
    rf"verdicts?|status|"
    r"labels?|probability|severity|priority)\b",
    rf"{BEGINS}(?:output|print|return|respond|reply|answer|write|say|reveal|echo|generate|emit|disclose)\b"
    r"(?= (?:only|with|the|your|an?|nothing|no|in|as|json|yes|all|every|that|[\"'“‘]))",
    rf"\b(?:omit|delete|remove|drop|leave|hide|erase|strike)\b(?: [\w']+){{1,5}} (?:out of|from|in) (?:the |this |"
    rf"your )?{DOCUMENT}\b",
    rf"\b(?:delete|clear|reset|overwrite|rewrite) (?:the|all|your|every) (?:{DOCUMENT}|evidence|ledger|memory|"
    rf"context)\b",
    rf"\b{CHECKER} (?:must|shall|should|has to|needs to|is to|may not) (?:not |always |only )?(?:accept|ignore|skip|"
    rf"pass|approve|mark|treat|"
    r"trust|return|answer|output|flag|call)\b",
    rf"{BEGINS}(?:accept|approve|trust|believe|pass|pretend|obey|follow)\b(?= (?:this|the|all|everything|every|that|"
    rf"these|as)\b)",
    r"\bpretend\b|\b(?:sentences?|prompts|prompt(?=\W*$)|checker|verifier|chatbot|json|jailbreak\w*)\b|"
    r"\bverify(?:ing)?\b|\bexempt from\b",
    r"\b(?:is|are|to be|must be|should be|as) (?:un)?trusted\b|\b(?:following|next|previous|preceding) (?:text|"
    r"command|message|instruction)s?\b",
    r"\b(?:to|must|should|shall) be (?:marked|labelled|labeled|accepted|tagged|flagged|counted) (?:as|for)\b|"
    r"\b(?:all|every|each) (?:report|patient|statement)s?\b",
    r"\b(?:highest|maximum|maximal|full) (?:confidence|certainty|probability|score)\b|\bwhatever (?:the |it |they )",
    r"\byou (?:were|are|must|will|can|know|see|may|need|want|think)\b|\bwithout (?:checking|verification|verifying|"
    r"review)\b",
    rf"{BEGINS}{ACT} (?=(?:the|this|that|these|those|all|any|every|each|your|my|an?|it|them|him|us|me|everything|"
    rf"nothing|only|what|\")(?:\b|\W))",
    rf"{BEGINS}replace \w+ (?:with|by)\b|{BEGINS}(?:stop|start|begin|keep|avoid|quit|cease|resume) \w+ing (?:here|"
    rf"now|this|the|all|any|your)\b|{BEGINS}(?:override|execute|run|obey|answer)\b\W*\w",
    r"\brm -|\bsudo\b|\bhttps?:|[{}`]|\bfunction \w+_\w+",
)  # fmt: skip

FINAL = _any(
    r"\bfinal\b(?! (?:ribs?|images?|position|phase|pass|spot|series|acquisition|common|cine|run|film|tip|frames?|"
    r"slices?))|\bfinali[sz]",
    r"\b(?:definitive|official) (?:report|version|read(?:ing)?|result|diagnosis|interpretation)\b|\bis (?:now "
    r")?(?:official|binding)\b",
    r"\b(?:signed|signature|signatory|undersigned|authenticat\w+|authori[sz](?:ed|ation)|attest(?:ed|s|ation)?|"
    r"certif(?:y|ied|ies)|approv(?:ed|es|al)|"
    r"countersign\w*|transcribed|dictated|typed by|releas(?:ed|e) (?:for|to|at|on|by))\b|\bmyself\b",
    r"\b(?:radiologist|physician|attending|resident|fellow|staff|consultant|reader|reporter|registrar|doctor|chief|"
    r"author|"
    r"(?:reported|read|reviewed|interpreted|checked|verified)(?: by| on| at)?)\s*:\s*\w",
    r"\b(?:no|without an?) (?:radiologist|physician|doctor|human|reader|expert)\b[^.;]{0,20}\b(?:needs?|has|have|"
    r"must|should|required|necessary|look|check|review)\b",
    r"\b(?:needs?|requires?) no (?:further |human |second )*(?:review|check\w*|reading|verification|confirmation|"
    r"control)\b",
    r"\b(?:I|we) have (?:\w+ )?(?:seen|read|looked|checked|examined|viewed|inspected)\b",
    rf"\b{DOCUMENT} (?:is |was |has been |now )*(?:{VERDICT}|final|complete[d]? and|closed|released)\b",
    r"\bstatus\W{1,3}(?:final|signed|approved|released|verified|complete)\b|^\W*final\W*$|\b(?:this|it) is (?:now |"
    r"the )*final\b",
    r"(?:^|\s)/s/|\b(?:signature|signed|dictated|transcribed|authenticated|typed)\b\s*(?::|on\b|at\b|by\b)",
    r"\b(?:reporting|interpreting|reading|attending|consultant|staff|duty) (?:radiologist|physician|"
    r"doctor)\b(?=\s*[:,.]|\W*$)",
    r"\b(?:attending|consultant) radiologist\b|\b(?:GMC|medical council|medical licen[cs]e|licen[cs]e|"
    r"registration)\b (?:no\.?|number|#)?\s?:?\s?\d",
    r"\bDr\.? [A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?,? (?:MD|M\.D\.|MBBS|FRCR|FRANZCR|DNB|DO|PhD)\b|,\s?(?:MD|MBBS|FRCR|"
    r"FRANZCR|DABR|DNB)\b",
    rf"\b(?:electronically|digitally|e-?|personally) ?(?:{VERDICT}|checked)\b|\bcountersign|\bsign(?:ed)?[- ]off\b",
    rf"\b(?:{VERDICT}|dictated|reviewed|checked|read|interpreted|reported|typed|transcribed|edited|confirmed|made)"
    rf"(?: (?:and|&) \w+)?(?: electronically)? by {PERSON}",
    rf"\b{VERDICT} by(?!\s*(?:ct|mri?|ultraso\w+|us|pet|biopsy|histolog\w+|the (?:same|second|other|first) (?:tool|"
    rf"model|method)))\b",
    rf"\b(?:{VERDICT}|reviewed|checked|read)(?:,| and| &) (?:{VERDICT}|agreed|confirmed|released)\b",
    r"\b(?:I|we)(?:,? the undersigned,?)? (?:have |hereby |fully |also )*(?:personally )?(?:reviewed|interpreted|"
    r"agree|concur|certify|attest|"
    r"approve|supervised|verified|signed|confirm)\b|\bundersigned\b|\b(?:agree|concur) with the (?:above|findings|"
    r"report|resident)\b",
    r"\b(?:yours (?:sincerely|faithfully|truly)|(?:kind|best|warm) regards|with regards|many thanks)\b",
    r"\b(?:no|without) (?:further |human |additional |second |more |radiologist'?s? )*(?:review|check|verification|"
    r"over-?read|confirmation|control|reading)"
    rf"(?: by [\w ]{{2,30}}?)? {BE} (?:necessary|needed|required)\b",
    r"\b(?:review|check|verification|confirmation|over-?read)(?: by [\w ]{2,30}?)? (?:is|are) (?:not |"
    r"un)(?:required|needed|necessary)\b",
    r"\b(?:need|require)s? no (?:further |human )*(?:review|check|verification)\b|\bnot (?:a |an |merely a |just a "
    r")?(?:draft|preliminary|provisional)\b",
    r"\b(?:for|in) clinical (?:use|decisions?|decision[- ]making|purposes|routine)\b",
    rf"\bdiagnos(?:is|ed|es)\b[^.;]{{0,30}}\bby (?:the |an? |this )?{MACHINE}\b|\b(?:the |this |our )(?:ai|{MACHINE}) "
    r"(?:has |have |hereby )?(?:diagnos\w+|confirm\w* (?:the )?(?:diagnosis|malignan\w+|cancer)|certif\w+)",
)  # fmt: skip

NAME = r"(?-i:(?!XX)[A-Z](?:[\w'’-]*[a-z][\w'’-]*|\.))"
NUMBERED = (
    r"(?:mrn|mr|uhid|umr|urn|uid|ip|op|opd|cr|hospital|patient|nhs|chi|hic|ssn|medicare|medicaid|insurance|policy|"
    r"passport|aadhaar|"
    r"accession|case|lab|specimen|visit|encounter|episode|file|registration|reg|record|medical record|order|"
    r"requisition|account|"
    r"member|personal|identity|national|id|health card)"
)
IDENTITY = _any(
    IDENTIFIER.pattern,
    rf"(?-i:\b(?:Mr|Mrs|Ms|Miss|Master|Herr|Frau|Smt|Shri|Sri|Dr|Prof)\b)\.? {NAME}(?:\.? {NAME})?",
    rf"\b(?:patient(?:'s)?|pt)(?:, | named | is called |\W+name\W+(?:is )?){NAME},? {NAME}",
    rf"\b(?:name of (?:the )?patient|patient(?:'s)? name|name|referr(?:ed by|er)|referring (?:doctor|"
    rf"physician))\b\W{{1,3}}(?:is )?{NAME}",
    rf"\b{NUMBERED}\b\W{{0,2}}(?:id|no|number|num|nr)?\b\W{{0,4}}(?:is\W)?(?=[a-z\d/ -]{{0,4}}\d)(?=[a-z]{{0,3}}[-/ "
    rf"]?(?:\d[-/ ]?){{4,}})[a-z\d]",
    r"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|born(?: on)?)\b\W{0,3}(?:\d|(?:jan|feb|mar|apr|may|jun|jul|aug|"
    r"sep|oct|nov|dec)\w*\W)",
    r"\bborn (?:in|on) \d|\b(?:lives|living|residing|resident) (?:at|in) (?-i:[A-Z\d])|\b(?:patient|pt|name|"
    r"referrer)\s*:\s*(?-i:[A-Z][\w'’-]+,? [A-Z][\w'’-]+)",
    r"(?<!series )(?<!image )(?<!slice )\b(?:no|number|num|id|nr)\b\W{0,4}(?:is\W)?(?=[a-z\d/ "
    r"-]{0,4}\d)(?:[a-z]{0,3}[-/ ]?)(?:\d[-/ ]?){4,}",
    r"\b(?:tel|phone|mobile|contact|cell|fax|ph)\b\W{0,4}(?:no\W{0,3}|number\W{0,3})?\+?\d[\d\s()-]{6,}",
    r"\baddress\W{0,2}:|(?-i:\b\d{1,4}[a-z]? (?:[A-Z]\w+ ){1,3}(?:Street|St|Road|Rd|Lane|Avenue|Ave|Drive|Close|"
    r"Boulevard)\b)",
    r"(?<![\d.,])\d{7,}(?![\d.,]|\s?-?(?:mm|cm|px|pixel|voxel|ml|cubic|square))",
)  # fmt: skip

TREATMENT = _any(
    rf"\b(?:{ORDER})\b{CLEAR}\b{DONE}(?!\w)",
    rf"\b(?:{CAN}) (?:be |receive |have |undergo )*(?:treated|intubated|ventilated|anticoagulated|operated|admitted|"
    rf"discharged|excised|resected|"
    r"biopsied|drained|aspirated|transfused|hospitali[sz]ed|referred|transferred|monitored|resuscitated|"
    r"catheteri[sz]ed|isolated|decompressed|"
    r"stented|emboli[sz]ed|irradiated|ablated|tapped|vaccinated|operated on|seen by|kept|started on|put on)\b",
    rf"{NOT_PAST}\b{DONE}\b(?: (?:of|for|with|to|by|under|in|the|this|a|an|\w+)){{0,5}} (?:is|are|be|seems?|"
    rf"{CAN})(?: (?:not|be|also|now|"
    rf"urgently|strongly|then|therefore|clearly|usually|no longer|immediately|probably))* (?:{ORDERED})\b",
    rf"{BEGINS}(?:urgently |immediately )?(?:anticoagulate|intubate|ventilate|resuscitate|transfuse|hospitali[sz]e|"
    rf"thrombolyse|thrombolyze|excise|"
    r"operate|medicate|sedate|admit|activate|discharge (?:the |home|to|patient)|(?:treat|drain|aspirate|biopsy|"
    r"resect|irradiate|ablate|embolize|stent|"
    r"monitor|isolate|prepare|transfer|prepare) (?:the|this|that|her|him|both|all|with|for|urgently|immediately|as|"
    r"it|under|to|lesion|patient)|"
    r"refer (?:urgently|the patient|patient|back|her|him)|call (?:the |a )?(?:surg|crash|stroke|trauma|emergency|"
    r"rapid))\b",
    rf"{NOT_PAST}\b{DONE}(?: (?:urgently|strongly|also|immediately))* (?:recommended|advised|needed|required|"
    rf"warranted|mandatory|indicated)\b",
    r"\brefer(?:red|ral)?\b[^.;]{0,30}\bto (?:the |an? )?(?:\w+ ){0,2}(?:surg\w+|oncolog\w+|neurosurg\w*|"
    r"cardiolog\w+|specialist|clinic|unit|centre|"
    r"center|emergency|team|pulmonolog\w+|urolog\w+|ophthalmolog\w+|dermatolog\w+|gastroenterolog\w+|hepatolog\w+)\b",
    r"\b(?:transfer|transferred|taken?|admit(?:ted)?) (?:the patient |patient |immediately |urgently )*(?:to|into|"
    r"in) (?:the )?(?:theatre|theater|operating|icu|"
    r"intensive|hospital|ward|emergency|another)\b",
    r"\b(?:safe|fit|ready|suitable|cleared) (?:to|for) (?:be )?(?:discharged?|go home|operation|surgery|fly|work)\b",
    r"\b\d+(?:\.\d+)? ?(?:mg|mcg|µg|micrograms?|grams?|g|iu|units)\b(?!\s?/\s?[dm]l)[^.;]{0,30}\b(?:daily|every|"
    r"once|twice|bd|bid|tds|tid|qid|qds|od|po|orally|"
    r"iv|im|sc|hourly|nocte|for \d+ days?|for (?:one|two|three|five|seven|ten) days)\b",
    r"\b(?:tab|inj|cap|syr|tablet|capsule|injection)\b\.? (?!of )\w+ \d+ ?(?:mg|mcg|ml|g)\b|\b(?:give|take|"
    r"administer|start)\b[^.;]{0,30}\b\d+ ?(?:mg|mcg|µg|iu|units)\b",
    r"\b(?:no|without|nor any) (?:further |specific |active |immediate |additional |urgent )*(?:treatment|therapy|"
    r"intervention|surgery|management|action|"
    rf"medication)\b[^.;]{{0,20}}\b(?:{ORDERED})\b",
    r"\b(?:patient|he|she|they|parents?|family) (?:should|must|ought to|needs to|has to|is to|is advised to|"
    r"can)\b(?! (?:be )?(?:correlat|compar|image|assess))",
    r"\b(?:advise|advised|instruct|counsel|tell|inform) (?:the |this )?(?:patient|her|him|family|parents)\b|\byou "
    r"(?:should|must|need to|have|are)\b|"
    r"\byour (?:doctor|gp|physician|scan|lungs?|heart|brain|results?|treatment)\b",
    r"\b(?:see|seen by|follow(?:ed)?[- ]?up with|reviewed by|assessed by|evaluated by|consult) (?:a |an |the |your |"
    r"their |his |her )?(?:\w+ ){0,2}"
    r"(?:\w*surgeon|\w+ologist|physician|specialist|doctor|gp|general practitioner)\b",
    r"^\W*(?:recommended )?(?:therapy|treatment|plan|management|rx|medication|prescription|dosage|disposition)\s*:",
    rf"\b(?:{DRUGS}) (?:infusion|bolus|course|daily|twice|for \d+ days)\b|\b(?:course|dose|infusion|bolus) of "
    rf"(?:\w+ )?(?:{DRUGS})\b",
    r"(?<!nipple )(?<!bloody )(?<!purulent )(?<!ear )\bdischarge (?:home|today|tomorrow|with oral|on oral|with "
    r"antibiotics|the patient)\b",
    r"\b(?:stroke|trauma|sepsis|resuscitation|cath lab|code) (?:pathway|team|protocol|alert|call)\b",
)  # fmt: skip

STEM = 6
"""Letters of a word that are looked at."""
SIGN = "#"
"""Stands among the stems for signs and numbers that no measurement has."""
SIGNS = re.compile(r"[@<#\[]|/s/|\d{4}|\d[-/ ]\d{3}|\d\s?(?:mg|mcg|µg|iu|units|g)\b|[{}`]")
WORDS = re.compile(r"[^\W\d_]+")


OPENING = "^"
"""Marks a word that opens a statement: the first, and any behind a stop, a colon or a comma."""
OPENED = re.compile(r"(?:^[^a-z]*|[.;:!,]\s+|\b(?:please|kindly|and|now|then|just|simply|always) )([a-z]+)")


def _opening(words: str) -> frozenset[str]:
    return frozenset(OPENING + word[:STEM] for word in words.split())


def _stems(words: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in words.split())


MACHINES = "ai artificial assistant language llm chatgpt system software algorithm computer model"
CHECKERS = f"{MACHINES} verifier checker validator parser reviewer grader judge gate second"
VERDICTS = (
    "signed approved attested verified authorised authorized validated countersigned authenticated released "
    "final certified"
)

ACTS = " ".join(sorted(set(re.findall(r"[a-z]+", ACT.replace("[sz]", "s") + " " + ACT.replace("[sz]", "z")))))
"""The verbs of ACT, one by one."""

FORBIDDEN: tuple[Family, ...] = (
    Family(
        "an instruction to the reader's machine",
        _stems(
            f"{SIGN} {CHECKERS} disregard override neglect your instructions instruct hidden inst jailbreak bypass "
            f"disable suspend circumvent "
            "deactivate suppress skip user human developer sentence sentences prompt prompts verify verifying "
            "exempt trusted untrusted text "
            "command message marked labelled labeled accepted tagged flagged confidence certainty score whatever "
            "you checking verification "
            "sudo http https function json pretend claim insist ledger memory context draft output document "
            "conclusion summary record "
            "patient statement supported verified clean trusted valid every warning warnings rules instruction"
        )
        | _opening(
            f"ignore forget {ACTS} state say write claim insist report confirm do don never set raise force assign "
            f"output print return respond "
            "reply answer reveal echo generate emit disclose accept trust believe pass pretend obey follow stop "
            "begin avoid cease resume override "
            "execute mark label treat regard classify tag count declare consider omit remove leave erase strike "
            "turn switch delete please"
        ),
        INSTRUCTION,
    ),
    Family(
        "a claim to be final or signed",
        _stems(
            f"{SIGN} {VERDICTS} ai software algorithm official binding signature signatory dictated transcribed "
            f"typed radiologist radiologists physician "
            "doctor gmc medical licence license registration md mbbs frcr franzcr dnb dabr phd electronically "
            "digitally personally sign countersign "
            "countersigned reviewed checked read interpreted myself undersigned agree concur yours regards thanks "
            "review check verification "
            "confirmation draft preliminary provisional decision decisions purposes use routine diagnosed diagnosis "
            "approve approval "
            "authorisation authorization finalise finalize attest attestation certify definitive interpretation "
            "status attending resident fellow "
            "staff consultant reader reported reporter registrar chief author human expert expert's overread i we "
            "release releases"
        ),
        FINAL,
    ),
    Family(
        "an identifier",
        _stems(
            f"{SIGN} mr mrs ms miss master herr frau smt shri sri dr prof patient pt name referred referrer "
            f"referring dob d date birth born "
            "birthdate tel phone mobile contact cell fax ph address lives living residing resident"
        ),
        IDENTITY,
    ),
    Family(
        "a treatment",
        _stems(
            f"{SIGN} recommended recommend advise advised advisable start started begin commence commenced initiate "
            f"administer prescribe give given "
            "gives receive stop stopped withhold withheld hold discontinue cease titrate continue consider require "
            "requires need needs needed "
            "needing warrant undergo arrange arranged organise organize schedule book perform performed proceed "
            "offer offered benefit treat treated "
            "treatment candidate please urgent immediate emergency prompt early put refer referral planned plan "
            "necessitate necessary indicated "
            "mandatory preferred preferable appropriate justified suggested suggest proposed propose favoured "
            "favored essential undertaken attempted "
            "inserted helpful beneficial sufficient adequate optional imperative contraindicated choice option step "
            "intubated ventilated "
            "anticoagulated operated admitted discharged excised resected biopsied drained aspirated transfused "
            "hospitalised hospitalized "
            "transferred monitored resuscitated catheterised catheterized isolated decompressed stented embolised "
            "embolized irradiated ablated "
            "tapped vaccinated kept follow followed anticoagulate intubate ventilate resuscitate transfuse "
            "thrombolyse thrombolyze operate medicate sedate "
            "admit admission activate discharge transfer taken tab inj cap syr tablet capsule patient he she they "
            "parent family parents instruct "
            "counsel tell inform you your stroke trauma sepsis cath code management surgery safe fit avoid order "
            "choose dose course "
            "infusion bolus therapy drug medication rx prescription dosage disposition specialist doctor physician gp "
            "antibiotics antibiotic steroid steroids"
        )
        | _opening(
            "excise drain aspirate biopsy resect irradiate ablate embolize stent isolate prepare call monitor take"
        ),
        TREATMENT,
    ),
)
"""What no draft may hold, whoever wrote it."""


def stems_of(text: str) -> frozenset[str]:
    """The beginnings of a text's words, those that open a statement marked, and SIGN for signs and long numbers."""
    small = text.lower()
    found = {word[:STEM] for word in WORDS.findall(small)}
    found.update(OPENING + word[:STEM] for word in OPENED.findall(small))
    if SIGNS.search(small):
        found.add(SIGN)
    return frozenset(found)
