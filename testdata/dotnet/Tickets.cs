using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace Peer
{
    /// <summary>
    /// Authentication tickets: their bytes, their protected text, and what .NET answers about one. A ticket
    /// travels as JSON, as TicketJson reads and writes it; null is what .NET returns for bytes that are none.
    /// </summary>
    static class Tickets
    {
        public static JsonNode Serialize(JsonObject args)
        {
            return Json.Each(args.Items("items"),
                item => Value(Convert.ToBase64String(TicketSerializer.Default.Serialize(TicketJson.Read(item)))));
        }

        public static JsonNode Deserialize(JsonObject args)
        {
            return Json.Each(args.Items("items"),
                item => Value(TicketJson.Write(TicketSerializer.Default.Deserialize(Convert.FromBase64String((string)item)))));
        }

        public static JsonNode Protect(JsonObject args)
        {
            var format = Format(args);
            return Json.Each(args.Items("items"), item => Value(format.Protect(TicketJson.Read(item))));
        }

        public static JsonNode Unprotect(JsonObject args)
        {
            var format = Format(args);
            return Json.Each(args.Items("items"), item => Value(TicketJson.Write(format.Unprotect((string)item))));
        }

        static TicketDataFormat Format(JsonObject args)
        {
            return new TicketDataFormat(Ring.Of(args).Get<IDataProtectionProvider>().CreateProtector(args.Texts("purposes")));
        }

        /// <summary>What the typed members of AuthenticationProperties say about the items of each.</summary>
        public static JsonNode Properties(JsonObject args)
        {
            return Json.Each(args.Items("items"), item =>
            {
                var properties = new AuthenticationProperties(TicketJson.Dictionary(item));
                return Value(new JsonObject
                {
                    { "issued", Optional(properties.IssuedUtc) },
                    { "expires", Optional(properties.ExpiresUtc) },
                    { "persistent", properties.IsPersistent },
                    { "allowRefresh", properties.AllowRefresh },
                    { "redirectUri", properties.RedirectUri },
                    { "tokens", new JsonArray(properties.GetTokens().Select(t => Pair(t.Name, t.Value)).ToArray()) },
                });
            });
        }

        /// <summary>The items that the typed members of AuthenticationProperties write.</summary>
        public static JsonNode SetProperties(JsonObject args)
        {
            return Json.Each(args.Items("items"), item =>
            {
                var wanted = item.AsObject();
                var properties = new AuthenticationProperties
                {
                    IssuedUtc = wanted.Date("issued"),
                    ExpiresUtc = wanted.Date("expires"),
                    IsPersistent = wanted.Flag("persistent"),
                    AllowRefresh = wanted.Flag("allowRefresh"),
                    RedirectUri = wanted.Text("redirectUri"),
                };
                properties.StoreTokens(wanted.Items("tokens").Select(t => new AuthenticationToken
                {
                    Name = (string)t[0],
                    Value = (string)t[1],
                }));
                return Value(TicketJson.Items(properties.Items));
            });
        }

        /// <summary>What ClaimsPrincipal says about each ticket, asked about some roles and types of claims.</summary>
        public static JsonNode Principals(JsonObject args)
        {
            return Json.Each(args.Items("items"), item =>
            {
                var principal = TicketJson.Read(item["ticket"]).Principal;
                var question = item.AsObject();
                return Value(new JsonObject
                {
                    { "name", principal.Identity?.Name },
                    { "authenticated", principal.Identities.Any(i => i.IsAuthenticated) },
                    { "roles", All(question.Texts("roles"), role => principal.IsInRole(role)) },
                    { "first", All(question.Texts("types"), type => principal.FindFirst(type)?.Value) },
                    { "count", All(question.Texts("types"), type => principal.FindAll(type).Count()) },
                });
            });
        }

        /// <summary>The constants of ClaimTypes, ClaimValueTypes and ClaimsIdentity, by their names.</summary>
        public static JsonNode ClaimConstants(JsonObject args)
        {
            var constants = new JsonObject();
            foreach (var type in new[] { typeof(ClaimTypes), typeof(ClaimValueTypes), typeof(ClaimsIdentity) })
            {
                foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral))
                {
                    constants[type.Name + "." + field.Name] = (string)field.GetRawConstantValue();
                }
            }
            return constants;
        }

        static JsonObject Value(JsonNode value)
        {
            return new JsonObject { { "value", value } };
        }

        static JsonNode Optional(DateTimeOffset? date)
        {
            return date == null ? null : Json.Date(date.Value);
        }

        static JsonNode Pair(string name, string value)
        {
            return new JsonArray(name, value);
        }

        static JsonArray All<T>(IEnumerable<string> texts, Func<string, T> ask)
        {
            return new JsonArray(texts.Select(text => (JsonNode)JsonValue.Create(ask(text))).ToArray());
        }
    }
}
