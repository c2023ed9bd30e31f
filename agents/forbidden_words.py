"""Families of words that no draft may hold together: orders, procedures, medicines, signatures, bids to a machine."""

from __future__ import annotations

BE = r"(?:is|are|was|were|be|been|being|seems?|appears?|remains?|becomes?)"
CAN = r"(?:should|must|shall|may|might|could|can|would|will|ought to|needs? to|has to|have to|is to|are to|to)"

DRUGS = (
    r"(?:antibiotic|antimicrobial|antiviral|antifungal|antitubercul|anticoagul|antiplatelet|antiepilept|antihypertens|"
    r"thrombolyt|diuretic|steroid|corticosteroid|analges|opioid|opiate|bronchodilat|vasopressor|inotrop|"
    r"immunosuppress|bisphosphonat|cytostatic|anti-?vegf)\w*|"
    r"cef\w{3,}|nsaids?|statins?|\w{3,}(?:cillin|mycin|floxacin|cycline|azole|sartan|olol|statin|parin|xaban|gatran|"
    r"solone|lone acetate|"
    r"methasone|nisone|platin|taxel|rubicin|umab|tinib|semide|thiazide|gliptin|profen|triptan|oxone|axime|epime|penem)|"
    r"heparin|warfarin|aspirin|insulin|morphine|paracetamol|acetaminophen|metformin|frusemide|digoxin|alteplase|tpa|"
    r"mannitol|adrenaline|lasix|medications?|medicines?|drugs?|iv fluids?|oxygen|chemo(?:therapy)?|\w*radiotherapy|"
    r"radiation(?: therapy)?|\w*therap(?:y|ies)|transfusions?|vaccin\w+"
)
"""Medicines by their classes, the endings of their names, and by name; therapies."""

PROCEDURES = (
    r"biops(?:y|ies)|fnac?|(?:pleural |lumbar |ascitic )tap|tapping|\w*radiosurgery|chest (?:tube|drain)|fine[- "
    r"]needle aspiration|needle aspiration|aspiration(?= |\W*$)|tissue (?:sampling|diagnosis|"
    r"confirmation)|histolog\w+ (?:confirmation|sampling|verification)|drainage|(?:chest |pigtail |surgical |icd |"
    r"intercostal )?(?:drain|tube|icd|catheter|stent|filter|shunt) (?:insertion|placement)|thoracentesis|paracentesis|"
    r"pleurodesis|pericardiocentesis|\w{3,}(?:ectomy|ostomy|plasty|oscopy|orrhaphy|centesis)|lapar\w+|thoracotomy|"
    r"craniotomy|(?:wide |local |complete |surgical |re-?)*excision|resection|ablation|emboli[sz]ation|stenting|"
    r"coiling|"
    r"clipping|intubation|(?:mechanical |invasive )ventilation|decompression|photocoagulation|laser(?: \w+)?|"
    r"(?:intravitreal )?injections?|cryotherapy|evacuation|revasculari[sz]ation|thrombolysis|anticoagulation|"
    r"transplantation|dialysis|surgery|operations?|operative (?:management|intervention|treatment|repair)|"
    r"surgical (?:consult\w*|intervention|management|treatment|referral|opinion|exploration|repair|evaluation|review|"
    r"correction|removal|opinion|drainage|debridement)|interventions?|fixation|reduction and fixation|reconstruction"
)
"""What is done to a patient, beyond imaging."""

CARE = (
    r"(?:medical |conservative |expectant |surgical |non-?operative |palliative |intensive |supportive |symptomatic )"
    r"(?:management|treatment|care|measures|approach)|treatments?|"
    r"(?:hospital )?admission|hospitali[sz]ation|(?:\w+ )?referral|(?:specialist|oncolog\w+|surgical|neurosurgical|"
    r"cardiolog\w+|pulmon\w+|urolog\w+|gastroenterolog\w+|ophthalmolog\w+|dermatolog\w+|vascular|orthop\w+|ent|"
    r"gyn\w+|hematolog\w+|haematolog\w+|nephrolog\w+|infectious disease|respiratory) (?:consult\w*|opinion|assessment|"
    r"input|review)|mdt (?:discussion|review)|bed rest|isolation|quarantine|"
    r"weight loss|exercise|physiotherapy|diet(?:ary)?\b|smoking|nil by mouth|hydration|\w+ unit|icu|intensive care"
)
"""How a patient is looked after."""

DONE = rf"(?:{DRUGS}|{PROCEDURES}|{CARE})"
NOT_PAST = "".join(
    f"(?<!{word} )"
    for word in (
        "after",
        "following",
        "previous",
        "prior",
        "post",
        "before",
        "appropriate",
        "since",
        "status",
        "earlier",
        "old",
        "during",
        "contrast",
        "needle",
    )
)
CLEAR = (
    r"(?:(?!\b(?:prior|previous\w*|post\w*|old|history|changes?|after|following|status|s/p|since|interval|known|"
    r"correlat\w*|"
    r"comparison|due to|secondary|related|from|consistent|compatible|suggestive|evidence)\b)[^.;]){0,60}?"
)
"""Words between an order and what it orders, none of which tells of the past."""

ORDER = (
    r"recommend\w*|advis(?:e[sd]?|ing|able)|start(?:ed|ing)?|begin|commenc\w+|initiat\w+|administ\w+|prescrib\w+|"
    r"give[ns]?|"
    r"receive|stop|withhold|hold|discontinue|cease|increase the dose|reduce the dose|titrate|continue|consider|"
    r"requires?|needs?|needing|requiring|warrants?|undergo|arrange|organi[sz]e|schedule|book|perform|proceed (?:to|"
    r"with)|offer|"
    r"benefit from|treat(?:ed|ment)? (?:with|by)|candidates? for|please|propose[sd]?|avoid|order|choose|transfer to|"
    r"admit to|(?:urgent|immediate|emergency|prompt|early)|"
    r"(?:^|[;:.,]\s*|\bi |\bwe |\bwould )suggest|put on|refer (?:for|to)|plan(?:ned)? for|need for|necessitat\w+"
)

ORDERED = (
    r"recommended|advised|advisable|indicated|required|needed|necessary|warranted|mandatory|considered|offered|"
    r"arranged|"
    r"performed|given|started|commenced|initiated|administered|preferred|preferable|appropriate|justified|suggested|"
    r"continued|stopped|discontinued|withheld|proposed|favou?red|essential|urgent|planned|scheduled|obtained|"
    r"undertaken|"
    r"attempted|inserted|helpful|beneficial|(?:the )?(?:best|first|next|only) (?:option|choice|step|treatment)|"
    r"follow|sufficient|adequate|optional|imperative|contraindicated|"
    r"(?:the )?(?:treatment|procedure|method|option|therapy) of choice|to be \w+ed"
)

PERSON = (
    r"(?:the |a |an |our |your |another |two |both |on-call |duty )*(?:senior |consultant |attending |staff |"
    r"board[- ]certified |"
    r"chief |resident |reporting |supervising )*(?:radiolog\w+|consultant|physician|doctor|attending|resident|fellow|"
    r"registrar|secretary|typist|transcription\w*|pathologist|dermatologist|ophthalmologist|surgeon|specialist|chief|"
    r"professor|dr\b|prof\b|head of)"
)
VERDICT = (
    r"(?:signed|approved|attested|verified|authori[sz]ed|validated|countersigned|authenticated|released|"
    r"finali[sz]ed|certified)"
)
MACHINE = (
    r"(?:ai|a\.i\.|artificial intelligence|assistant|language model|llm|chatgpt|system|software|algorithm|"
    r"computer|model)"
)
CHECKER = rf"(?:verifier|checker|validator|parser|reviewer|grader|judge|gate|second reader|{MACHINE})"
DOCUMENT = (
    r"(?:report|impression|findings|summary|draft|record|output|list|text|conclusion|document|reading|result|study)"
)
ACT = (
    r"(?:add|adopt|agree|allow|append|apply|approve|assume|call|cancel|change|choose|close|complete|confirm|convert|"
    r"copy|count|create|"
    r"declare|delete|deny|disable|display|do|drop|edit|email|enable|ensure|enter|execute|fill|finish|forget|forward|"
    r"grant|guarantee|hide|"
    r"ignore|include|insert|invent|keep|let|load|lower|make|merge|modify|move|open|overwrite|paste|post|produce|"
    r"promise|publish|put|quit|read|"
    r"rename|repeat back|replace|reset|restore|reveal|rewrite|run|save|say|send|set|share|start|stop|store|submit|"
    r"summari[sz]e|swap|"
    r"switch|tell|translate|trust|turn|update|upgrade|upload|use|validate|write)"
)
"""Verbs that bid a machine do something where a sentence begins with them."""
BEGINS = r"(?:^\W*|[.;:!,]\s+)(?:please |kindly |now |then |just |simply |always |and )?"
