using System.Collections.Generic;
using System.Linq;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;

namespace Peer
{
    /// <summary>
    /// An AuthenticationTicket as JSON: {scheme, identities: [{authType, nameType, roleType, claims: [{type,
    /// value, valueType, issuer, originalIssuer, props}], bootstrap, actor}], props}. Dictionaries are arrays
    /// of pairs, in order.
    /// </summary>
    static class TicketJson
    {
        public static AuthenticationTicket Read(JsonNode json)
        {
            var principal = new ClaimsPrincipal(Each(json["identities"]).Select(ReadIdentity));
            return new AuthenticationTicket(principal, new AuthenticationProperties(Dictionary(json["props"])), (string)json["scheme"]);
        }

        static ClaimsIdentity ReadIdentity(JsonNode json)
        {
            var identity = new ClaimsIdentity((string)json["authType"], (string)json["nameType"], (string)json["roleType"])
            {
                BootstrapContext = (string)json["bootstrap"],
                Actor = json["actor"] == null ? null : ReadIdentity(json["actor"]),
            };
            foreach (var item in Each(json["claims"]))
            {
                var claim = new Claim((string)item["type"], (string)item["value"], (string)item["valueType"],
                    (string)item["issuer"], (string)item["originalIssuer"], identity);
                foreach (var pair in Dictionary(item["props"]))
                {
                    claim.Properties.Add(pair.Key, pair.Value);
                }
                identity.AddClaim(claim);
            }
            return identity;
        }

        public static JsonNode Write(AuthenticationTicket ticket)
        {
            return ticket == null ? null : new JsonObject
            {
                { "scheme", ticket.AuthenticationScheme },
                { "identities", new JsonArray(ticket.Principal.Identities.Select(WriteIdentity).ToArray()) },
                { "props", Items(ticket.Properties.Items) },
            };
        }

        static JsonNode WriteIdentity(ClaimsIdentity identity)
        {
            return new JsonObject
            {
                { "authType", identity.AuthenticationType },
                { "nameType", identity.NameClaimType },
                { "roleType", identity.RoleClaimType },
                { "claims", new JsonArray(identity.Claims.Select(WriteClaim).ToArray()) },
                { "bootstrap", (string)identity.BootstrapContext },
                { "actor", identity.Actor == null ? null : WriteIdentity(identity.Actor) },
            };
        }

        static JsonNode WriteClaim(Claim claim)
        {
            return new JsonObject
            {
                { "type", claim.Type },
                { "value", claim.Value },
                { "valueType", claim.ValueType },
                { "issuer", claim.Issuer },
                { "originalIssuer", claim.OriginalIssuer },
                { "props", Items(claim.Properties) },
            };
        }

        public static JsonArray Items(IEnumerable<KeyValuePair<string, string>> items)
        {
            return new JsonArray(items.Select(i => (JsonNode)new JsonArray(i.Key, i.Value)).ToArray());
        }

        public static Dictionary<string, string> Dictionary(JsonNode pairs)
        {
            var dictionary = new Dictionary<string, string>();
            foreach (var pair in Each(pairs))
            {
                dictionary.Add((string)pair[0], (string)pair[1]);
            }
            return dictionary;
        }

        static IEnumerable<JsonNode> Each(JsonNode array)
        {
            return array as JsonArray ?? Enumerable.Empty<JsonNode>();
        }
    }
}
