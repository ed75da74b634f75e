import CommandLine
import Glibc

@main struct Main {
    static func main() { exit(CommandLineTool.main()) }
}
