import Contract
import EventLoop
import JSON
import Linux
import Netlink

/// `links`, `link`: the host's network interfaces, and which server is contacted by which.
@LoopActor
struct LinksCommand {
    let console: Console
    let gateway: any Gateway
    let host: any HostLinks

    func list() async throws(Failure) -> ExitCode {
        if console.isJSON {
            console.json(try await document())
            return .done
        }
        let views = try await views(warns: true)
        var table = TextTable("NAME", "KIND", "STATE", "ADDRESSES", "SIGNAL", "RECEIVED", "SENT", "SERVERS")
        for view in views {
            table.add(
                view.link.name, view.kind, view.state, view.addresses.joined(separator: " "),
                view.signal.map { "\($0) dBm" } ?? "", view.receivedSize, view.sentSize,
                (view.servers ?? []).joined(separator: " "))
        }
        console.table(table)
        return .done
    }

    func show(_ name: String) async throws(Failure) -> ExitCode {
        guard let view = try await views(warns: !console.isJSON).first(where: { $0.link.name == name }) else {
            throw Failure(.notFound, "there is no link '\(name)'; 'gatekeel links' lists them")
        }
        let survey = view.radio.flatMap { host.survey(of: $0) }
        if console.isJSON {
            console.json(view.json(survey))
            return .done
        }
        var table = TextTable("FIELD", "VALUE")
        view.add(to: &table, survey)
        console.table(table)
        return .done
    }

    /// What `links --json` writes.
    func document() async throws(Failure) -> JSON { .array(try await views(warns: false).map { $0.json }) }

    private func views(warns: Bool) async throws(Failure) -> [LinkView] {
        let picture: NetworkPicture
        do throws(Errno) {
            picture = try host.picture()
        } catch {
            throw Failure(.failed, "the kernel does not tell the links: \(error)")
        }
        let servers = await servers(warns: warns)
        return picture.links.map { link in
            LinkView(
                link: link, picture: picture,
                servers: servers?.filter { $0.interface == link.name }.map(\.name))
        }
    }

    /// nil when gatekeeld does not say: the links are there without it.
    private func servers(warns: Bool) async -> [ServerStatus]? {
        do throws(ContractError) {
            return try await gateway.agentStatus().servers
        } catch {
            if warns {
                console.complain(
                    "warning: which server is contacted by which link is not known: \(Failure(error, asking: "gatekeeld").text)"
                )
            }
            return nil
        }
    }
}
