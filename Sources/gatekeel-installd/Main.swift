import Glibc
import Installer

@main
struct Main {
    static func main() { exit(InstallerProgram.main()) }
}
