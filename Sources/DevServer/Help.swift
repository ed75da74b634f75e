/// What `gatekeel-devserver --help` prints.
let help = """
    gatekeel-devserver: a small LwM2M server for the demo and the tests. It is never shipped.

    Usage: gatekeel-devserver [OPTION]... < COMMANDS

      --listen ADDRESS         numeric address to listen at (127.0.0.1)
      --port PORT              CoAP without security; 0: the kernel chooses (5683)
      --secure-port PORT       CoAP over DTLS, when there is a key (5684)
      --psk IDENTITY:HEX       a pre-shared key, in hexadecimal digits; may stand several times
      --no-plain               do not listen without security
      --strict                 end with exit code 1 at the first command that fails
      --help                   this text

    Commands come on standard input, one a line; # starts a comment. They run one after the other. PATH is /9/0/7.
    Those that speak to a client speak to the one named by «use», else to the one that registered last.

      wait EP [SECONDS]        until a client of this endpoint name has registered (60)
      until PATH VALUE [SECONDS]
                               until a notification or a read of PATH shows this value (30)
      clients                  what is registered
      use EP                   speak to this client from now on
      read PATH [FORMAT]       Read; FORMAT is the number of a content format
      discover PATH            Discover
      write PATH VALUE         Write one value, as text (the rest of the line)
      write-as FORMAT PATH HEX Write a payload of hexadecimal digits
      push PATH FILE           Write a file as opaque value, block by block
      execute PATH [ARGUMENTS] Execute, with the rest of the line as arguments
      create PATH [ID] [R=VALUE]...
                               Create an instance of an object, with an identifier, with values of resources
      delete PATH              Delete
      attributes PATH QUERY    Write-Attributes: attributes /3/0/9 pmin=1&pmax=60
      observe PATH [FORMAT]    Observe; notifications are printed as they come
      cancel PATH              cancel an observation by a request
      cancel-by-reset PATH     cancel it by the Reset of its next notification
      forget                   forget the registration: the client's next Update gets 4.04
      drop                     end the client's session (DTLS: close_notify)
      sleep SECONDS            wait
      quit                     end; so does the end of the input

    One JSON object a line comes on standard output: {"event": …} for what happens (listening, registered, updated,
    deregistered, expired, notification, ended), {"command": …, "ok": true|false, …} for what a command gave: "code",
    "format", "value" (a value, or an object by identifiers), "error", "seconds".

    Exit codes: 0 all is well, 1 a command failed (--strict), 2 wrong options, 3 no such address or port to listen at.

    """
