"""The one family of errors. Each class is named by who has to act.

ReadingRoomError            every error this package raises on purpose
├── BadInput                the user: something given cannot be used (exit 2)
│   ├── BadFile             ... a file is broken, hostile, or of no known format
│   ├── BadStudy            ... a readable study that this workflow or tool cannot serve
│   ├── BadRequest          ... an option, a target, a name or a setting that does not exist
│   ├── NotAuthorised       ... an endpoint does not take the credentials that are configured
│   └── EgressRefused       ... something would have left this machine that may not
├── NotServed               the user or the planner: this backend does not serve that; another would
├── ToolFailed              nobody at once: a tool broke; the reading goes on without it and says so
│   ├── InputRefused        ... the model refused this input; sending it again would change nothing
│   ├── Unavailable         ... the model cannot be reached, is overloaded or did not answer in time
│   ├── BadReply            ... the model answered something that its contract does not allow
│   └── ModelFailed         ... the language model is down, refuses, or answers nothing that can be used
└── RecordError             the operator: the run store cannot be read or written, or was changed
"""


class ReadingRoomError(Exception):
    """One line that says what was wrong, where, and what to do."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(self.line())

    def line(self) -> str:
        """The same text on the command line, in Python, on the web and over MCP."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{head.rstrip('.')}. {self.do}" if self.do else head
        return " ".join(text.split())


class BadInput(ReadingRoomError):
    """Something the user gave cannot be used."""


class BadFile(BadInput):
    """A file is missing, broken, hostile, or of no known format."""


class BadStudy(BadInput):
    """The study reads well, but this workflow or tool cannot serve it."""


class BadRequest(BadInput):
    """An option, a target, a name or a setting that does not exist or does not fit."""


class NotAuthorised(BadInput):
    """An endpoint refuses the credentials; nothing else can be asked of it until the user mends them."""


class EgressRefused(BadInput):
    """Bytes were kept from leaving: pixels that were not cleared, or a host that is not configured."""


class NotServed(ReadingRoomError):
    """A backend is asked for what it does not serve; `do` names what would serve it."""


class ToolFailed(ReadingRoomError):
    """A tool broke on input it should have served; the reading goes on without it and says so."""


class InputRefused(ToolFailed):
    """The model refused this input (400, 413, 422, or 424 with a 4xx of the model); it is not sent again."""


class Unavailable(ToolFailed):
    """The model cannot be reached, is overloaded, or did not answer before the deadline."""


class BadReply(ToolFailed):
    """The model answered something that its contract does not allow; `where` is the path in the answer."""


class ModelFailed(ToolFailed):
    """The language model is down, refuses, or answers nothing that can be used; the rules go on without it."""


class RecordError(ReadingRoomError):
    """The run store cannot be read or written, or its content was changed."""
