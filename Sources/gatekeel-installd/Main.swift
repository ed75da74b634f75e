import Glibc
import Installer

@main
struct Main {
    static func main() { exit(ProgramArguments.handled("gatekeel-installd") ?? InstallerDaemon.main()) }
}
