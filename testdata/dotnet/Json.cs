using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Peer
{
    /// <summary>How arguments are read and answers are written.</summary>
    static class Json
    {
        public static string Text(this JsonObject args, string name)
        {
            return (string)args[name];
        }

        public static bool Flag(this JsonObject args, string name)
        {
            return (bool?)args[name] ?? false;
        }

        public static DateTimeOffset Date(this JsonObject args, string name)
        {
            return args[name].GetValue<DateTimeOffset>();
        }

        /// <summary>An array's strings; none when the argument is absent.</summary>
        public static string[] Texts(this JsonObject args, string name)
        {
            return args.Items(name).Select(n => (string)n).ToArray();
        }

        public static IEnumerable<JsonNode> Items(this JsonObject args, string name)
        {
            return args[name] as JsonArray ?? Enumerable.Empty<JsonNode>();
        }

        /// <summary>UTC with all seven decimals, whatever the offset was.</summary>
        public static JsonNode Date(DateTimeOffset date)
        {
            return date.UtcDateTime.ToString("o");
        }

        /// <summary>One answer an item: what an item's question throws is that item's answer.</summary>
        public static JsonArray Each(IEnumerable<JsonNode> items, Func<JsonNode, JsonObject> ask)
        {
            var answers = new JsonArray();
            foreach (var item in items)
            {
                JsonObject answer;
                try
                {
                    answer = ask(item);
                }
                catch (Exception e)
                {
                    answer = new JsonObject { { "error", Chain(e) } };
                }
                answers.Add((JsonNode)answer);
            }
            return answers;
        }

        /// <summary>An exception and what caused it, outermost first.</summary>
        public static JsonArray Chain(Exception e)
        {
            var chain = new JsonArray();
            for (; e != null; e = e.InnerException)
            {
                chain.Add((JsonNode)new JsonObject { { "type", e.GetType().FullName }, { "message", e.Message } });
            }
            return chain;
        }
    }
}
