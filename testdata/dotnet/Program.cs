using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;

namespace Peer
{
    /// <summary>
    /// A real ASP.NET Core Data Protection to ask. Without arguments it reads one JSON request a line,
    /// {"id", "command", "args"}, and writes one JSON answer a line, {"id", "result"} or {"id", "error"},
    /// until its input ends. Requests run side by side: answers come in the order in which they are done.
    /// With the arguments "record DIR" it writes recordings of itself into DIR instead; with "web" and the options
    /// of Web.cs as JSON it is that application, prints its address and ends when its input ends.
    /// </summary>
    static class Program
    {
        delegate JsonNode Command(JsonObject args);

        static readonly Dictionary<string, Command> commands = new Dictionary<string, Command>
        {
            { "open", Ring.Open },
            { "reopen", Ring.Reopen },
            { "close", Ring.Close },

            { "protect", Payloads.Protect },
            { "unprotect", Payloads.Unprotect },
            { "dangerousUnprotect", Payloads.DangerousUnprotect },
            { "protectUntil", Payloads.ProtectUntil },
            { "unprotectTimeLimited", Payloads.UnprotectTimeLimited },

            { "keys", Keys.All },
            { "createKey", Keys.Create },
            { "revokeKey", Keys.Revoke },
            { "revokeAllKeys", Keys.RevokeAll },
            { "deleteKeys", Keys.Delete },

            { "resolve", Policy.Resolve },
            { "resolveMany", Policy.ResolveMany },

            { "keysOfDocuments", Documents.Keys },
            { "parseDates", Syntax.ParseDates },
            { "parseGuids", Syntax.ParseGuids },
            { "resolveDeserializers", Syntax.ResolveDeserializers },
            { "resolveDecryptors", Syntax.ResolveDecryptors },
            { "printXml", Syntax.PrintXml },

            { "ticketSerialize", Tickets.Serialize },
            { "ticketDeserialize", Tickets.Deserialize },
            { "ticketProtect", Tickets.Protect },
            { "ticketUnprotect", Tickets.Unprotect },
            { "ticketProperties", Tickets.Properties },
            { "ticketSetProperties", Tickets.SetProperties },
            { "ticketPrincipals", Tickets.Principals },
            { "claimConstants", Tickets.ClaimConstants },

            { "web", Web.Start },
            { "stopWeb", Web.Stop },

            { "bench", Bench.Payloads },
            { "benchOpen", Bench.Open },
        };

        static int Main(string[] args)
        {
            if (args.Length == 2 && args[0] == "record")
            {
                Record.Into(args[1]);
                RecordAnswers.Into(args[1]);
                return 0;
            }
            if (args.Length == 2 && args[0] == "web")
            {
                Console.WriteLine((string)Web.Start(JsonNode.Parse(args[1]).AsObject())["url"]);
                Console.In.ReadToEnd();
                return 0;
            }
            if (args.Length != 0)
            {
                Console.Error.WriteLine("usage: peer [record DIR | web OPTIONS]");
                return 2;
            }
            var answers = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
            // Nothing but answers may reach standard output.
            Console.SetOut(Console.Error);
            Serve(new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false), false, 1 << 16), answers);
            return 0;
        }

        static void Serve(TextReader requests, TextWriter answers)
        {
            for (string line; (line = requests.ReadLine()) != null;)
            {
                string request = line;
                Task.Run(() =>
                {
                    string answer = Answer(request).ToJsonString();
                    lock (answers)
                    {
                        answers.Write(answer);
                        answers.Write('\n');
                        answers.Flush();
                    }
                });
            }
        }

        static JsonObject Answer(string line)
        {
            var answer = new JsonObject();
            try
            {
                var request = JsonNode.Parse(line).AsObject();
                answer["id"] = (long)request["id"];
                var name = (string)request["command"];
                Command command;
                if (!commands.TryGetValue(name, out command))
                {
                    throw new ArgumentException("no command " + name);
                }
                answer["result"] = command(request["args"] as JsonObject ?? new JsonObject());
            }
            catch (Exception e)
            {
                answer["error"] = Json.Chain(e);
            }
            return answer;
        }
    }
}
