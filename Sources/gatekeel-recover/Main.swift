import Glibc
import Installer

@main
struct Main {
    static func main() { exit(ProgramArguments.handled("gatekeel-recover") ?? Recovery.main()) }
}
