import DevServer
import Glibc

@main
struct Main {
    static func main() {
        exit(Console.main(Array(CommandLine.arguments.dropFirst())))
    }
}
