using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;

namespace Peer
{
    /// <summary>
    /// Writes .NET's answers to questions about dates, ids, type names, XML and the choice of a default key:
    /// DIR/recorded/syntax.json and DIR/recorded/policy.json.
    /// </summary>
    static class RecordAnswers
    {
        public static void Into(string root)
        {
            var folder = Directory.CreateDirectory(Path.Combine(root, "recorded")).FullName;

            var syntax = Recording.New("what .NET makes of each text; error is the type of the exception; xml is in base64; local time was UTC");
            syntax["dates"] = Ask(Syntax.ParseDates, Questions.Dates);
            syntax["guids"] = Ask(Syntax.ParseGuids, Questions.Guids);
            syntax["deserializers"] = Ask(Syntax.ResolveDeserializers, Questions.Deserializers.SelectMany(Questions.Spellings));
            syntax["decryptors"] = Ask(Syntax.ResolveDecryptors, Questions.Decryptors.SelectMany(Questions.Spellings));
            syntax["xml"] = Ask(Syntax.PrintXml, Questions.Documents.Select(d => Convert.ToBase64String(Encoding.UTF8.GetBytes(d))));
            Recording.Write(Path.Combine(folder, "syntax.json"), syntax);

            var policy = Recording.New("IDefaultKeyResolver's answers for made-up rings, in which no two keys have one creation date: "
                + "then the store's order would choose the fallback");
            policy["rings"] = MadeUpRings();
            Recording.Write(Path.Combine(folder, "policy.json"), policy);
        }

        static JsonArray Ask(Func<JsonObject, JsonNode> command, IEnumerable<string> values)
        {
            var texts = new JsonArray(values.Select(v => (JsonNode)v).ToArray());
            var asked = new JsonArray();
            foreach (JsonObject answer in (JsonArray)command(new JsonObject { { "values", texts } }))
            {
                var pair = new JsonObject { { "text", (string)texts[asked.Count] } };
                foreach (var field in answer)
                {
                    pair[field.Key] = field.Key == "error" ? (JsonNode)(string)field.Value[0]["type"] : field.Value.DeepClone();
                }
                asked.Add((JsonNode)pair);
            }
            return asked;
        }

        /// <summary>Rings whose dates lie on, and 100 ns beside, everything the policy compares with.</summary>
        static JsonArray MadeUpRings()
        {
            var random = new Random(20261121);
            var rings = new JsonArray();
            for (int i = 0; i < 250; i++)
            {
                rings.Add((JsonNode)MadeUpRing(random));
            }
            // Once through text: only parsed JSON knows how to be a date.
            var question = JsonNode.Parse(new JsonObject { { "rings", rings.DeepClone() } }.ToJsonString());
            var answers = (JsonArray)Policy.ResolveMany(question.AsObject());
            for (int i = 0; i < rings.Count; i++)
            {
                foreach (var answer in answers[i].AsObject())
                {
                    rings[i][answer.Key] = answer.Value?.DeepClone();
                }
            }
            return rings;
        }

        static JsonObject MadeUpRing(Random random)
        {
            var now = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
            var keys = new JsonArray();
            var creations = new HashSet<DateTimeOffset>();
            var id = new byte[16];
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                random.NextBytes(id);
                var creation = now + Around(random, TimeSpan.FromDays(-2));
                if (!creations.Add(creation))
                {
                    continue;
                }
                keys.Add((JsonNode)new JsonObject
                {
                    { "id", new Guid(id).ToString() },
                    { "creation", Json.Date(creation) },
                    { "activation", Json.Date(now + Around(random, TimeSpan.FromMinutes(5))) },
                    { "expiration", Json.Date(now + Around(random, TimeSpan.Zero)) },
                    { "revoked", random.Next(6) == 0 },
                    { "usable", random.Next(8) != 0 },
                });
            }
            return new JsonObject { { "now", Json.Date(now) }, { "keys", keys } };
        }

        /// <summary>The edge itself, a tick beside it, near it or days away.</summary>
        static TimeSpan Around(Random random, TimeSpan edge)
        {
            switch (random.Next(6))
            {
                case 0: return edge;
                case 1: return edge + TimeSpan.FromTicks(1);
                case 2: return edge - TimeSpan.FromTicks(1);
                case 3: return edge + TimeSpan.FromMinutes(random.Next(-60, 60));
                default: return edge + TimeSpan.FromDays(random.Next(-5, 90) * random.NextDouble());
            }
        }
    }
}
