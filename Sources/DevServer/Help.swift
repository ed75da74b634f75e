/// What `gatekeel-devserver --help` prints.
let help = """
    gatekeel-devserver: a small LwM2M server for the demo and the tests. It is never shipped.

    Usage: gatekeel-devserver [OPTION]... < COMMANDS

      --listen ADDRESS         the numeric address to listen on (127.0.0.1)
      --port PORT              the port of CoAP without security; 0 means any (5683)
      --secure-port PORT       the port of CoAP over DTLS, if there is a key (5684)
      --psk IDENTITY:HEX       a pre-shared key in hexadecimal digits; may be repeated
      --definition FILE        the definition of an object, as OMA's registry has them (XML); may be repeated
      --no-plain               do not listen without security
      --strict                 exit with code 1 at the first command that fails
      --help                   show this text

    Commands are read from standard input, one per line, and run one after the other. # starts a comment. PATH is like
    /9/0/7. Requests go to the client that 'use' named, else to the one that registered last.

      wait EP [SECONDS]        wait until a client with this endpoint name has registered (60)
      until PATH VALUE [SECONDS]
                               wait until a notification or a Read of PATH has this value (30)
      clients                  list the registered clients
      use EP                   send requests to this client from now on
      read PATH [FORMAT]       Read; FORMAT is the number of a content format
      discover PATH            Discover
      write PATH VALUE         Write one value as text (the rest of the line)
      write-as FORMAT PATH HEX Write a payload of hexadecimal digits
      push PATH FILE           Write a file as an opaque value, block by block
      execute PATH [ARGUMENTS] Execute, with the rest of the line as arguments
      create PATH [ID] [R=VALUE]...
                               Create an instance of an object, optionally with its identifier and values of resources
      delete PATH              Delete
      attributes PATH QUERY    Write-Attributes: attributes /3/0/9 pmin=1&pmax=60
      observe PATH [FORMAT]    Observe; notifications are printed
      cancel PATH              cancel an observation with a request
      cancel-by-reset PATH     cancel it by a Reset of its next notification
      read-composite PATH...   Read-Composite; / is the root path
      write-composite PATH=VALUE...
                               Write-Composite, all or nothing
      observe-composite PATH...
                               Observe-Composite; notifications are printed
      cancel-composite         cancel it with a request
      forget                   forget the registration, so that the client's next Update gets 4.04
      drop                     end the client's session (DTLS: close_notify)
      sleep SECONDS            wait
      quit                     exit, as at the end of the input

    Standard output has one JSON object per line: {"event": …} for events (listening, registered, updated, deregistered,
    expired, notification, ended), and {"command": …, "ok": true|false, …} for results of commands, with "code", "format",
    "value" (a value, or an object by identifiers), "values" (of composite operations, by path), "error", "seconds".

    Exit codes: 0 success, 1 a command failed (--strict), 2 wrong options or a definition that is none, 3 cannot listen on the address or port.

    """
