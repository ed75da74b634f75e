import Agent
import Glibc

@main
struct Main {
    static func main() { exit(AgentProgram.main()) }
}
